import { expect, test } from 'vitest';
import { healthAnswer } from '../queries/health.ts';
import { mapAnswer } from '../queries/map.ts';
import type { ConsumerRow } from '../queries/types.ts';
import { request, spanId, type TestSpan, traceId } from '../testing/otlp.ts';
import { SpanStore } from './store.ts';

const base = 1_700_000_000_000;
const on = (
  type: string,
  destination = 'orders',
  more: Record<string, string | number> = {},
): NonNullable<TestSpan['attributes']> => ({
  'messaging.system.name': 'kafka',
  'messaging.operation.type': type,
  'messaging.destination.name': destination,
  ...more,
});
const sent = (start = base, more: TestSpan = {}): TestSpan & { traceId: string; spanId: string } => ({
  traceId: traceId(),
  spanId: spanId(),
  kind: 'producer',
  start,
  attributes: on('send'),
  ...more,
});

function stored(...requests: Buffer[]): SpanStore {
  const store = new SpanStore();
  for (const each of requests) store.addTraces(each);
  store.settle();
  return store;
}

const rowsOf = (store: SpanStore): ConsumerRow[] => mapAnswer(store).destinations.flatMap(({ consumers }) => consumers);
const statesOf = (store: SpanStore): string[] =>
  healthAnswer(store).findings.map(({ state, count }) => `${state} ${count}`);

test('the wait of a pulled message ends with the pull, which may begin before the send', () => {
  const message = sent();
  const pull: TestSpan = {
    kind: 'client',
    start: base - 2000,
    end: base + 30,
    links: [message],
    attributes: on('receive'),
  };
  const store = stored(request('shop', [message]), request('billing', [pull]));
  expect(rowsOf(store)).toMatchObject([{ seenBy: 'receive', messages: 1, wait: { p50: expect.closeTo(30, 0) } }]);
  expect(statesOf(store)).toEqual([]);
});

test('a batch and the processing of one of its messages are one consumption, in either order', () => {
  const messages = [sent(), sent(), sent()];
  const batch: TestSpan = {
    spanId: spanId(),
    kind: 'consumer',
    start: base + 50,
    links: messages,
    attributes: on('process', 'orders', { 'messaging.batch.message_count': 3 }),
  };
  const one: TestSpan = {
    parent: messages[0]!.spanId,
    kind: 'consumer',
    start: base + 60,
    links: [messages[0]!, { spanId: batch.spanId! }],
    attributes: on('process'),
  };
  const inner: TestSpan = {
    parent: batch.spanId!,
    kind: 'consumer',
    start: base + 70,
    links: [messages[1]!],
    attributes: on('process'),
  };
  for (const order of [
    [batch, inner],
    [inner, batch],
  ]) {
    const [row] = rowsOf(stored(request('shop', messages), request('billing', order)));
    expect(row).toMatchObject({ messages: 3, attempts: 0 });
  }
  // The link to the batch span is not a message, even if the batch span arrives later.
  const [row] = rowsOf(stored(request('shop', messages), request('billing', [one])));
  expect(row).toMatchObject({ messages: 2 });
  const store = stored(request('shop', messages), request('billing', [one, batch]));
  expect(rowsOf(store)[0]?.messages).toBe(3);
});

test('the links of a large batch may be on several spans, of which one contains the number of messages', () => {
  const messages = Array.from({ length: 6 }, () => sent());
  const ids = { traceId: traceId(), kind: 'consumer' as const, start: base + 50 };
  const count = { 'messaging.batch.message_count': 7 };
  const first: TestSpan = { ...ids, links: messages.slice(0, 4), attributes: on('process', 'orders', count) };
  const second: TestSpan = {
    ...ids,
    links: messages.slice(4),
    attributes: on('process', 'orders', { ...count, 'mqtrace.links.part': 2 }),
  };
  const store = stored(request('shop', messages), request('billing', [first, second]));
  expect(statesOf(store)).toEqual(['no-context 1']);
});

test('a consumption that continues the trace only by its parent is joined; one below a local span has no context', () => {
  const message = sent();
  const byParent: TestSpan = {
    traceId: message.traceId,
    parent: message.spanId,
    kind: 'consumer',
    start: base + 80,
    flags: 0x301,
    attributes: on('process'),
  };
  expect(rowsOf(stored(request('shop', [message]), request('billing', [byParent])))[0]?.wait?.p50).toBeCloseTo(80, 0);
  expect(rowsOf(stored(request('billing', [byParent]), request('shop', [message])))[0]?.wait?.p50).toBeCloseTo(80, 0);
  const local: TestSpan = { ...byParent, flags: 0x101, parent: spanId() };
  expect(statesOf(stored(request('billing', [local])))).toEqual(['no-context 1']);
});

test('two instrumentations of one client are reported, and counted once', () => {
  const outer = sent();
  const inner = sent(base, { traceId: outer.traceId, parent: outer.spanId });
  const process: TestSpan = { kind: 'consumer', start: base + 5, links: [inner], attributes: on('process') };
  const store = stored(
    request('shop', [outer]),
    request('shop', [inner], 'other'),
    request('billing', [process]),
    request('billing', [{ ...process, spanId: spanId() }], 'other'),
  );
  expect(rowsOf(store)[0]?.messages).toBe(1);
  expect(statesOf(store)).toContain('double-instrumentation 2');
});

test("RabbitMQ's exchange is one card with its queues, whatever the routing keys", () => {
  const rabbit = (type: string, name: string, key: string): NonNullable<TestSpan['attributes']> => ({
    'messaging.system.name': 'rabbitmq',
    'messaging.operation.type': type,
    'messaging.destination.name': name,
    'rabbitmq.destination.routing_key': key,
  });
  const messages = ['a.1', 'a.2'].map((key) => sent(base, { attributes: rabbit('send', `orders:${key}`, key) }));
  const processes = messages.map((message, at): TestSpan => ({
    kind: 'consumer',
    start: base + 9,
    links: [message],
    attributes: rabbit('process', `orders:a.${at + 1}:billing.orders`, `a.${at + 1}`),
  }));
  const { destinations } = mapAnswer(stored(request('shop', messages), request('billing', processes)));
  expect(destinations.map(({ name }) => name)).toEqual(['orders']);
  expect(destinations[0]!.consumers).toMatchObject([{ queue: 'billing.orders', messages: 2 }]);
});

test('a dead letter is consumed from another destination, and shows the original one', () => {
  const message = sent();
  const dead: TestSpan = {
    kind: 'consumer',
    start: base + 5000,
    links: [message],
    attributes: on('process', 'orders.dead'),
  };
  const store = stored(request('shop', [message]), request('desk', [dead]));
  const card = mapAnswer(store).destinations.find(({ name }) => name === 'orders.dead')!;
  expect(card.reroutedFrom).toMatchObject([{ name: 'orders', messages: 1 }]);
});

test('sampled spans are counted by their weight', () => {
  const message = sent(base, { traceState: 'ot=th:c' });
  const process: TestSpan = {
    kind: 'consumer',
    start: base + 10,
    traceState: 'ot=th:c',
    links: [message],
    attributes: on('process'),
  };
  const [card] = mapAnswer(stored(request('shop', [message]), request('billing', [process]))).destinations;
  expect(card!.messages).toBe(4);
  expect(card!.consumers[0]).toMatchObject({ sampled: true, wait: { count: 4 } });
});

test('clock skew is counted once for each message, by the spans or by the attribute', () => {
  const message = sent();
  const skew = { 'mqtrace.message.clock_skew': -2 };
  const known: TestSpan = {
    kind: 'consumer',
    start: base - 3000,
    links: [message],
    attributes: on('process', 'orders', skew),
  };
  const unknown: TestSpan = {
    kind: 'consumer',
    start: base,
    links: [{ spanId: spanId() }],
    attributes: on('process', 'orders', skew),
  };
  const store = stored(request('shop', [message]), request('billing', [known, unknown]));
  expect(statesOf(store)).toContain('clock-skew 2');
  expect(rowsOf(store)[0]?.wait).toBeUndefined();
});
