import { expect, test } from 'vitest';
import { readOptions, withBase } from './options.ts';

test('without options the paths are measured, in all cases', () => {
  const options = readOptions([])!;
  expect([...options.parts]).toEqual(['paths']);
  expect(options.families.length).toBe(13);
  expect(options.choice).toEqual({ batches: [1, 10, 100, 1000, 10_000], baggage: [0, 1, 8, 64] });
  expect(options.nodes).toEqual([undefined]);
});

test('parts, cases and versions can be chosen', () => {
  const options = readOptions([
    '--brokers',
    '--client=amqplib',
    '--path=confirm',
    '--baggage=0,8',
    '--node=20,24',
    '--variant=raw,auto-0',
  ])!;
  expect([...options.parts]).toEqual(['brokers']);
  expect(options.families.map(({ name }) => name)).toEqual(['amqplib publish and confirm']);
  expect(options.choice.baggage).toEqual([0, 8]);
  expect(options.nodes).toEqual(['20', '24']);
  expect(options.variants).toEqual(['raw', 'auto-0']);
  expect([...readOptions(['--all'])!.parts]).toEqual(['paths', 'options', 'startup', 'brokers']);
});

test('the variant to which others are compared is always measured', () => {
  expect(readOptions(['--variant=mqtrace-0'])!.variants).toEqual(['raw', 'mqtrace-0']);
  expect(withBase(['mqtrace-0'], 'context')).toEqual(['context', 'mqtrace-0']);
});

test('--write-docs alone measures nothing', () => {
  expect(readOptions(['--write-docs'])!.parts.size).toBe(0);
  expect([...readOptions(['--write-docs', '--short'])!.parts]).toEqual(['paths']);
  expect([...readOptions(['--write-docs', '--startup'])!.parts]).toEqual(['startup']);
});

test('invalid options are errors, and --help asks for help', () => {
  expect(() => readOptions(['--fast'])).toThrow('--fast');
  expect(() => readOptions(['--batch=many'])).toThrow('expected whole numbers, got many');
  expect(() => readOptions(['--client=nats'])).toThrow('no path');
  expect(readOptions(['--help'])).toBeUndefined();
});
