import { expect, test } from 'vitest';
import { SpanStore } from '../store/store.ts';
import { request, spanId, type TestSpan, traceId } from '../testing/otlp.ts';
import { mapAnswer } from './map.ts';
import { patternsOf } from './shards.ts';

const base = Date.now() - 60_000;

/** The rows of one exchange whose queues are consumed by these services: `queue>service`, sorted. */
function rowsOf(
  queues: Record<string, readonly string[]>,
  exchange: (queue: string) => string = () => 'orders',
): string[] {
  const store = new SpanStore();
  for (const [queue, services] of Object.entries(queues)) {
    const attributes = (type: string, name: string): NonNullable<TestSpan['attributes']> => ({
      'messaging.system.name': 'rabbitmq',
      'messaging.operation.type': type,
      'messaging.destination.name': name,
      'rabbitmq.destination.routing_key': 'key',
    });
    const message = { traceId: traceId(), spanId: spanId(), kind: 'producer' as const, start: base };
    const name = `${exchange(queue)}:key`;
    store.addTraces(request('shop', [{ ...message, attributes: attributes('send', name) }]));
    for (const service of services) {
      const span: TestSpan = { kind: 'consumer', start: base + 5, links: [message] };
      store.addTraces(request(service, [{ ...span, attributes: attributes('process', `${name}:${queue}`) }]));
    }
  }
  return mapAnswer(store)
    .destinations.flatMap(({ consumers }) => consumers)
    .map(
      (row) => `${row.queue}>${row.service}${row.shards.length > 0 ? ` ${row.messages} of ${row.shards.length}` : ''}`,
    )
    .toSorted();
}

const numbered = (
  count: number,
  prefix = 'orders.',
  services: readonly string[] = ['billing'],
): Record<string, readonly string[]> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}${at}`, services]));

test('queues of one exchange whose names differ in a number are one row for each of their consumers', () => {
  expect(rowsOf(numbered(32))).toEqual(['orders.*>billing 32 of 32']);
  expect(rowsOf(numbered(3, 'orders-', ['audit', 'billing']))).toEqual([
    'orders-*>audit 3 of 3',
    'orders-*>billing 3 of 3',
  ]);
});

test('a queue with other consumers stays a row, and so do two queues, and those of several exchanges', () => {
  expect(rowsOf({ ...numbered(4), 'orders.1': ['billing', 'spy'] })).toEqual([
    'orders.*>billing 3 of 3',
    'orders.1>billing',
    'orders.1>spy',
  ]);
  expect(rowsOf(numbered(2))).toEqual(['orders.0>billing', 'orders.1>billing']);
  expect(rowsOf(numbered(4), (queue) => `exchange of ${queue}`)).toHaveLength(4);
  expect(rowsOf({ ...numbered(3), 'orders.dead': ['billing'] })).toEqual([
    'orders.*>billing 3 of 3',
    'orders.dead>billing',
  ]);
});

test('of several numbers, the one that differs is replaced', () => {
  expect(rowsOf({ ...numbered(4, 'eu1.orders.'), ...numbered(4, 'eu2.orders.') })).toEqual([
    'eu1.orders.*>billing 4 of 4',
    'eu2.orders.*>billing 4 of 4',
  ]);
});

test.each([
  ['orders.12', ['orders.*']],
  ['orders12', ['orders*']],
  ['12', ['*']],
  ['dev3.orders-07', ['dev*.orders-07', 'dev3.orders-*']],
  ['orders.v2', []],
  ['v2', []],
  ['retry.30s', []],
  ['orders', []],
])('the numbers of %s', (queue, patterns) => {
  expect(patternsOf(queue)).toEqual(patterns);
});
