import { expect, test } from 'vitest';
import { all, casesOf, families, nameOf, usualVariants, variantsOf } from './cases.ts';

const names = (of: string, choice = all): string[] => {
  const family = families.find(({ name }) => name === of)!;
  return casesOf(family, choice).map((each) => nameOf(family, each));
};

test('a family with batches has each size without baggage, and baggage with the default size', () => {
  expect(names('kafkajs send')).toEqual([
    'kafkajs send of 1',
    'kafkajs send of 10',
    'kafkajs send of 100',
    'kafkajs send of 1,000',
    'kafkajs send of 10,000',
    'kafkajs send of 1, 1 baggage entry',
    'kafkajs send of 1, 8 baggage entries',
    'kafkajs send of 1, 64 baggage entries',
  ]);
});

test('a family without batches has one case and its baggage', () => {
  expect(names('amqplib publish', { batches: [], baggage: [0, 8] })).toEqual([
    'amqplib publish',
    'amqplib publish, 8 baggage entries',
  ]);
});

test('the default size is measured, whatever sizes are chosen', () => {
  expect(names('ioredis XREADGROUP and XACK', { batches: [1], baggage: [0] })).toEqual([
    'ioredis XREADGROUP and XACK of 1',
    'ioredis XREADGROUP and XACK of 100',
  ]);
});

test('variants without the fast path are measured on demand only', () => {
  expect(usualVariants).toContain('own+processor-100');
  expect(usualVariants.filter((variant) => variant.includes('slow'))).toEqual([]);
});

test('only handled messages have a context for each', () => {
  const having = families.filter((family) => variantsOf(family, usualVariants).includes('context+each'));
  expect(having.map(({ name }) => name)).toEqual([
    'kafkajs eachMessage',
    'kafkajs eachBatch, processMessage each',
    'amqplib consume and ack',
  ]);
  expect(variantsOf(families[0]!, ['raw', 'context+each', 'own-0'])).toEqual(['raw', 'own-0']);
});
