// Runs the wrapper contract for clients that are not wrapped: with the instrumentation classes, and as mqtrace/register traces them.
// `npm run test:lanes` runs it as a whole.
import { describe } from 'vitest';
import { AmqplibInstrumentation, IORedisInstrumentation, KafkaJsInstrumentation } from 'mqtrace/instrumentation';
import { describeWrapper } from '../../test-support/wrapper-contract/contract.ts';
import type { ContractOptions } from '../../test-support/wrapper-contract/subject.ts';
import { automatically, type WayToTrace } from '../../test-support/wrapper-contract/ways.ts';
import { type ClientName, switchOn } from '../../src/register/clients.ts';
import { amqplibShapes, amqplibSubject } from '../amqplib/contract-subject.ts';
import { redisShapes, redisSubject } from '../ioredis/contract-subject.ts';
import { kafkaShapes, kafkaSubject } from '../kafkajs/contract-subject.ts';

const isWhole = process.env['CONTRACT'] === 'whole';
const classes = { kafkajs: KafkaJsInstrumentation, amqplib: AmqplibInstrumentation, ioredis: IORedisInstrumentation };

const overClasses = (name: keyof typeof classes): WayToTrace =>
  automatically((options: ContractOptions) => {
    const Instrumentation = classes[name] as new (options: ContractOptions) => { disable(): void };
    const instrumentation = new Instrumentation(options);
    return () => instrumentation.disable();
  });
const overRegister = (name: ClientName): WayToTrace => automatically((options) => switchOn(name, options as object));

const ways = { 'the classes': overClasses, ...(isWhole && { 'mqtrace/register': overRegister }) };

describe.each(Object.entries(ways))('the wrapper contract, over %s', (_, over) => {
  describe('kafkajs', () => {
    describeWrapper(kafkaSubject(over('kafkajs')), kafkaShapes, isWhole);
  });
  describe('ioredis', () => {
    describeWrapper(redisSubject(over('ioredis')), redisShapes, isWhole);
  });
  describe('amqplib, promises', () => {
    describeWrapper(amqplibSubject('promises', over('amqplib')), amqplibShapes, isWhole);
  });
  describe('amqplib, callbacks', () => {
    describeWrapper(amqplibSubject('callbacks', over('amqplib')), amqplibShapes, isWhole);
  });
});
