import { ROOT_CONTEXT } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { optimizedBytesOf } from '../../test-support/allocated-bytes.ts';
import { MetricsReader } from '../metrics/reader.ts';
import { readIncoming } from './testing/read-incoming.ts';
import { kafkaHeaders } from '../../carriers/index.ts';
import type { LightOperation } from './light-operation.ts';
import { measureIn, measureUnsampled } from './light-processing.ts';
import { measurePassedOn } from './light-sending.ts';
import { measureMessages } from './measure-consuming.ts';
import { Messaging } from './messaging.ts';

let reader: MetricsReader;
beforeAll(() => void (reader = new MetricsReader('cumulative')));
afterAll(() => reader.close());

const messaging = new Messaging('kafka', 'test', {});
const attributes = { 'server.address': 'localhost' };
const description = { name: 'process', attributes };
const destination = { name: 'orders' };
const incoming = Array.from({ length: 64 }, (_, at) =>
  readIncoming(messaging, kafkaHeaders, {}, { destination, sentAt: Date.now() - at * 10.5 }),
);

test('measuring an operation without a promise allocates no memory', async () => {
  const process = (at: number): void => {
    const message = incoming[at % incoming.length]!;
    (measureUnsampled(messaging, description, message, ROOT_CONTEXT, 'delivered') as LightOperation).end();
  };
  expect(await optimizedBytesOf(process)).toBeLessThan(1);
  const source = { messaging, destination, description };
  const readSentAt = ({ sentAt }: { sentAt: number }, into: Float64Array): void => void (into[0] = sentAt);
  const message = { sentAt: Date.now() - 20.5 };
  const processPlainly = (): void => {
    (measureIn(source, message, readSentAt, ROOT_CONTEXT, 'delivered') as LightOperation).end();
  };
  expect(await optimizedBytesOf(processPlainly)).toBeLessThan(1);
  const batch = Array.from({ length: 10 }, (_, at) => ({ sentAt: Date.now() - at * 10.5 }));
  const processBatch = (): void => measureMessages(source, batch, readSentAt)!.end(undefined, undefined);
  expect(await optimizedBytesOf(processBatch)).toBeLessThan(1);
  const send = (): void => measurePassedOn(messaging, 'send', destination, attributes, ROOT_CONTEXT)!.end();
  expect(await optimizedBytesOf(send)).toBeLessThan(1);
  const settle = (): void =>
    messaging.measurer.start('ack', 'settle', destination, attributes)!.end(undefined, undefined);
  expect(await optimizedBytesOf(settle)).toBeLessThan(1);
});
