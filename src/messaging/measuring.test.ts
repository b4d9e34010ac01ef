import { type Attributes, context, ROOT_CONTEXT } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { tracingFaults } from '../common/faults.ts';
import { suppressTracing } from '../common/suppression.ts';
import { state } from '../metrics/instruments.ts';
import { type HistogramValue, MetricsReader } from '../metrics/reader.ts';
import { type Incoming, Messaging, runHandler, startBatch, startProcessing, startSending } from './index.ts';

const spans = recordRegisteredSpans();
let reader: MetricsReader;

beforeEach(() => {
  reader = new MetricsReader('cumulative');
});

afterEach(() => {
  reader.close();
  vi.restoreAllMocks();
});

const messaging = new Messaging('kafka', 'test', {});
const server = { 'server.address': 'broker', 'server.port': 9092 };

const incoming = (sentAt?: number, name = 'orders'): Incoming => ({
  context: ROOT_CONTEXT,
  creation: undefined,
  destination: { name },
  attributes: undefined,
  sentAt,
});

function points(name: string): readonly { attributes: Attributes; value: number | HistogramValue }[] {
  const metric = reader.collect().metrics.find(({ descriptor }) => descriptor.name === name);
  return metric?.dataPoints ?? [];
}

const values = (name: string): unknown[] => points(name).map(({ value }) => value);

function process(message: Incoming, facts = {}): void {
  startProcessing(messaging, { name: 'process', attributes: server }, message, ROOT_CONTEXT, 'delivered', facts).end();
}

test('the metric has the duration of the span', async () => {
  const operation = startProcessing(messaging, { name: 'process' }, incoming());
  await runHandler(operation, () => new Promise((resolve) => void setTimeout(resolve, 5)));
  const [seconds, nanos] = spans.spans().at(-1)!.duration;
  expect(values('messaging.process.duration')).toMatchObject([{ count: 1, sum: seconds + nanos / 1e9 }]);
});

test('sends are counted when they end, by destination and error', () => {
  const message = (name: string) => ({ destination: { name }, headers: undefined });
  const send = (...names: string[]) =>
    startSending(messaging, kafkaHeaders, { name: 'send', attributes: server }, names.map(message), ROOT_CONTEXT)
      .operation;
  const open = send('a', 'a', 'b');
  expect(values('messaging.client.sent.messages')).toEqual([]);
  open.end();
  open.fail(new Error('late'));
  send('a').fail(new RangeError('no'));
  send('b').leave();
  const common = {
    'messaging.system.name': 'kafka',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    ...server,
  };
  expect(points('messaging.client.sent.messages')).toMatchObject([
    { attributes: { ...common, 'messaging.destination.name': 'a' }, value: 2 },
    { attributes: { ...common, 'messaging.destination.name': 'b' }, value: 1 },
    { attributes: { ...common, 'messaging.destination.name': 'a', 'error.type': 'RangeError' }, value: 1 },
  ]);
  expect(points('messaging.client.operation.duration')).toMatchObject([
    { attributes: common, value: { count: 1 } },
    { attributes: { 'error.type': 'RangeError' }, value: { count: 1 } },
  ]);
});

test('a message is counted once, whether the batch or the message is processed', () => {
  const batch = [incoming(Date.now() - 2000), incoming(Date.now() - 2000)];
  const operation = startBatch(messaging, { name: 'process', type: 'process' }, batch);
  expect(values('mqtrace.messages.in_flight')).toEqual([2]);
  startProcessing(messaging, { name: 'process' }, batch[0]!).end();
  operation.end();
  expect(values('messaging.client.consumed.messages')).toEqual([2]);
  expect(values('mqtrace.messages.in_flight')).toEqual([0]);
  expect(values('mqtrace.message.age')).toMatchObject([{ count: 2 }]);
  expect(values('messaging.process.duration')).toMatchObject([{ count: 2 }]);
});

test('a message from the future has age 0, and is counted as clock skew', () => {
  process(incoming(Date.now() + 5000));
  expect(values('mqtrace.message.age')).toMatchObject([{ count: 1, sum: 0 }]);
  expect(values('mqtrace.message.clock_skew')).toEqual([1]);
  const { attributes } = spans.spans().at(-1)!;
  expect(attributes['mqtrace.message.age']).toBe(0);
  expect(attributes['mqtrace.message.clock_skew']).toBeLessThan(-4);
});

test('a message that was redelivered or dead-lettered has no age, because part of its wait was intended', () => {
  const old = incoming(Date.now() - 1000);
  process(old, { attempt: 3 });
  process(old, { redelivered: true });
  process(old, { deadLettered: true });
  expect(values('mqtrace.message.age')).toEqual([]);
  expect(values('mqtrace.delivery.attempts')).toMatchObject([{ count: 1, sum: 3 }]);
  expect(values('mqtrace.messages.dead_lettered')).toEqual([1]);
  process(old, { attempt: 1 });
  expect(values('mqtrace.message.age')).toMatchObject([{ count: 1 }]);
});

test('counts are correct despite a fault of tracing', () => {
  const before = tracingFaults();
  vi.spyOn(messaging, 'parenting').mockImplementation(() => {
    throw new Error('broken');
  });
  process(incoming());
  expect(tracingFaults()).toBe(before + 1);
  expect(values('messaging.client.consumed.messages')).toEqual([1]);
  expect(values('mqtrace.messages.in_flight')).toEqual([0]);
});

test('an operation that has ended has no part in the ones that follow', () => {
  const first = startProcessing(messaging, { name: 'process' }, incoming(), ROOT_CONTEXT, 'delivered');
  first.end();
  const second = startProcessing(messaging, { name: 'process' }, incoming(undefined, 'b'), ROOT_CONTEXT, 'read');
  first.end();
  first.fail(new Error('late'));
  first.leave();
  expect(values('mqtrace.messages.in_flight')).toEqual([0, 1]);
  second.leave();
  second.end();
  expect(values('mqtrace.messages.in_flight')).toEqual([0, 0]);
  expect(values('messaging.client.consumed.messages')).toEqual([1]);
  expect(values('messaging.process.duration')).toMatchObject([{ count: 1 }]);
});

test('operations of one name are distinguished by type, destination, group and server', () => {
  const one = { 'messaging.consumer.group.name': 'g', ...server };
  const attributes = [one, { ...one, 'messaging.consumer.group.name': 'h' }, { ...one, 'server.port': 1 }, undefined];
  for (let round = 0; round < 2; round++) {
    for (const each of attributes) {
      for (const name of ['a', 'b']) {
        startProcessing(messaging, { name: 'process', attributes: each }, incoming(undefined, name)).end();
        startBatch(messaging, { name: 'process', type: 'receive', attributes: each }, [
          incoming(undefined, name),
        ]).end();
      }
    }
  }
  expect(values('messaging.process.duration')).toMatchObject(Array.from({ length: 8 }, () => ({ count: 2 })));
  expect(values('messaging.client.operation.duration')).toMatchObject(Array.from({ length: 8 }, () => ({ count: 2 })));
});

test('nothing is counted while tracing is suppressed', () => {
  const parent = suppressTracing(context.active());
  const message = { destination: { name: 'a' }, headers: undefined };
  startSending(messaging, kafkaHeaders, { name: 'send' }, [message], parent).operation.end();
  expect(reader.collect().metrics).toEqual([]);
});

test('nothing is computed without a reader, and an operation that had started before is not counted partially', () => {
  const open = startProcessing(messaging, { name: 'process' }, incoming(), ROOT_CONTEXT, 'delivered');
  reader.close();
  const attempt = vi.fn<() => number>();
  const message = Object.defineProperty({ ...incoming() }, 'attempt', { get: attempt });
  startProcessing(messaging, { name: 'process' }, message, ROOT_CONTEXT, 'delivered').end();
  expect(attempt).not.toHaveBeenCalled();
  reader = new MetricsReader('cumulative');
  open.end();
  expect(state.instruments.size).toBe(0);
});

test('10,000 destinations stay within the limit of series, and every message is counted', () => {
  for (let n = 0; n < 10_000; n++) process(incoming(undefined, `orders-${n}`));
  const counted = values('messaging.client.consumed.messages') as number[];
  expect(counted.length).toBeLessThanOrEqual(1000);
  expect(counted.reduce((sum, one) => sum + one, 0)).toBe(10_000);
  expect(values('mqtrace.messages.in_flight').every((value) => value === 0)).toBe(true);
});

test.each([
  ['1.30', ['messaging.system']],
  ['dup', ['messaging.system.name', 'messaging.system']],
] as const)('attributes have the names of the version %s', (semconv, names) => {
  startProcessing(new Messaging('kafka', 'test', { semconv }), { name: 'process' }, incoming()).end();
  const [{ attributes }] = points('messaging.process.duration') as unknown as [{ attributes: object }];
  expect(Object.keys(attributes).filter((name) => name.startsWith('messaging.system'))).toEqual(names);
});
