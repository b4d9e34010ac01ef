import fc from 'fast-check';
import { expect, test } from 'vitest';
import { request, spanId, type TestSpan, traceId } from '../testing/otlp.ts';
import { segmentRows } from './segment.ts';
import { SpanStore } from './store.ts';

const base = Date.now() - 60_000;

interface Exported {
  service: string;
  span: TestSpan;
  scope: string;
}

const attributes = (
  type: string,
  more: TestSpan['attributes'] = {},
  name = 'orders',
): NonNullable<TestSpan['attributes']> => ({
  'messaging.system.name': 'kafka',
  'messaging.operation.type': type,
  'messaging.destination.name': name,
  ...more,
});
const by = (service: string, span: TestSpan, scope = 'mqtrace'): Exported => ({ service, span, scope });
const send = (at: number, more: TestSpan = {}): TestSpan & { traceId: string; spanId: string } => ({
  traceId: traceId(),
  spanId: spanId(),
  kind: 'producer',
  start: base + at,
  attributes: attributes('send'),
  ...more,
});
/** A span that consumes: below a parent of this process (local), or of another one (remote). */
const consume = (type: string, at: number, more: TestSpan = {}): TestSpan & { spanId: string } => ({
  spanId: spanId(),
  kind: 'consumer',
  start: base + at,
  end: base + at + 7,
  attributes: attributes(type),
  ...more,
});
const local = 0x101;
const remote = 0x301;

/** Each returns the spans of one or several messages, as instrumentations nest and link them. */
const shapes: Record<string, (at: number) => Exported[]> = {
  'a process within a receive that continues the trace': (at) => {
    const message = send(at);
    const receive = consume('receive', at + 20, { parent: message.spanId, flags: remote });
    const process = consume('process', at + 30, { parent: receive.spanId, flags: local, error: at % 2 === 0 });
    const inner = consume('process', at + 31, { parent: process.spanId, flags: local });
    return [by('shop', message), by('billing', receive), by('billing', process), by('billing', inner)];
  },
  'a process that only its parent joins': (at) => {
    const message = send(at);
    const flags = at % 2 === 0 ? remote : 0;
    return [by('shop', message), by('billing', consume('process', at + 9, { parent: message.spanId, flags }))];
  },
  'a consumption below a span that is no message': (at) => {
    const server: TestSpan & { spanId: string } = { spanId: spanId(), kind: 'server', start: base + at };
    const children = [local, remote].map((flags) =>
      by('billing', consume('process', at + 5, { parent: server.spanId, flags })),
    );
    return [by('billing', server), ...children];
  },
  'a batch, and the processing of its messages within it': (at) => {
    const messages = [send(at), send(at + 3), send(at + 5)];
    const batch = consume('process', at + 50, {
      links: messages,
      attributes: attributes('process', { 'messaging.batch.message_count': 4 }),
    });
    const linked = consume('process', at + 60, { parent: messages[0]!.spanId, links: [messages[0]!, batch] });
    const inner = consume('process', at + 70, { parent: batch.spanId, links: [messages[1]!], error: true });
    const without = consume('process', at + 75, { links: [batch] });
    return [
      ...messages.map((each) => by('shop', each)),
      ...[batch, linked, inner, without].map((each) => by('billing', each)),
    ];
  },
  'redeliveries, of which the first failed': (at) => {
    const message = send(at);
    const deliveries = [12, 400, 900].map((after, n) =>
      consume('process', at + after, { links: [message], error: n === 0 }),
    );
    return [by('shop', message), ...deliveries.map((each) => by('billing', each))];
  },
  'redeliveries that two instrumentations record': (at) => {
    const message = send(at);
    return [
      by('shop', message),
      ...[10, 500].flatMap((after) => [
        by('billing', consume('process', at + after, { links: [message] })),
        by('billing', consume('process', at + after + 1, { links: [message], error: true }), 'other'),
      ]),
    ];
  },
  'a message of an unsampled producer, delivered twice': (at) => {
    const links = [{ spanId: spanId(), flags: 0x300 }];
    return [3, 80].map((after) => by('billing', consume('process', at + after, { links })));
  },
  'a message whose producer is unsampled by its context, and received': (at) => {
    const message = send(at);
    const links = [{ traceId: message.traceId, spanId: message.spanId, flags: 0x300 }];
    return [by('shop', message), by('billing', consume('process', at + 3, { links }))];
  },
  'several messages of one send': (at) => {
    const sent = send(at, {
      kind: 'client',
      attributes: attributes('send', { 'messaging.batch.message_count': 3 }),
    });
    const processes = [10, 20, 30].map((after) => by('billing', consume('process', at + after, { links: [sent] })));
    return [by('shop', sent), ...processes];
  },
  'clocks that differ': (at) => {
    const skew = { 'mqtrace.message.clock_skew': -2 };
    const message = send(at);
    const early = consume('process', at - 2000, { links: [message], attributes: attributes('process', skew) });
    const again = consume('process', at - 1000, { links: [message] });
    return [by('shop', message), by('tower', early), by('tower', again)];
  },
  'a pull and the processing of what it got, by two services': (at) => {
    const message = send(at);
    const pull = consume('receive', at - 10, { kind: 'client', end: base + at + 9, links: [message] });
    return [
      by('shop', message),
      by('billing', pull),
      by('billing', consume('process', at + 11, { links: [message], parent: pull.spanId, flags: local })),
      by('audit', consume('process', at + 40, { links: [message] })),
    ];
  },
  'a dead letter': (at) => {
    const message = send(at);
    return [
      by('shop', message),
      by('billing', consume('process', at + 4, { links: [message], error: true })),
      by(
        'desk',
        consume('process', at + 5000, { links: [message], attributes: attributes('process', {}, 'orders.dead') }),
      ),
    ];
  },
  'spans that stand for several': (at) => {
    const message = send(at, { traceState: 'ot=th:c' });
    const receive = consume('receive', at + 6, { parent: message.spanId, flags: remote, traceState: 'ot=th:c' });
    const process = consume('process', at + 8, { parent: receive.spanId, flags: local, traceState: 'ot=th:c' });
    return [by('shop', message), by('billing', receive), by('billing', process)];
  },
};

const counts = [
  'messages',
  'weight',
  'attempts',
  'errors',
  'noContext',
  'pending',
  'unsampledProducer',
  'skewed',
  'skewMax',
  'spans',
  'sampled',
] as const;

/** What the map and the health are made from, without names and numbers that depend on the order. */
function figuresOf(store: SpanStore): unknown {
  store.settle();
  const { flow, services } = store;
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  return {
    cards: flow.cards
      .filter(({ slots }) => slots.total !== 0)
      .map(({ name, created, consumed, doubled, slots }) => ({ name, created, consumed, doubled, total: slots.total }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    consumers: flow.hops
      .filter(({ messages }) => messages !== 0)
      .map((hop) => ({
        key: `${hop.card.name}>${services.text(hop.service)}${hop.receiving ? ' receiving' : ''}`,
        counts: counts.map((name) => `${name} ${round(hop[name])}`),
        total: round(hop.slots.total),
        waits: hop.waits.columns(0.1, 1e7, 400).map(round),
        work: hop.work.columns(0.1, 1e7, 400).map(round),
        rerouted: [...hop.reroutedFrom.values()],
      }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  };
}

function storeOf(spans: readonly Exported[]): SpanStore {
  const store = new SpanStore();
  for (const { service, span, scope } of spans) store.addTraces(request(service, [span], scope));
  return store;
}

test.each(Object.keys(shapes))('the order of arrival does not matter: %s', (name) => {
  const spans = shapes[name]!(0);
  const expected = figuresOf(storeOf(spans));
  fc.assert(
    fc.property(fc.shuffledSubarray(spans, { minLength: spans.length }), (order) => {
      expect(figuresOf(storeOf(order))).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});

test('the order of arrival does not matter when all of this is mixed', () => {
  const spans = Object.values(shapes).flatMap((shape, at) => [shape(at * 2), shape(at * 2 + 10_001)].flat());
  const expected = figuresOf(storeOf(spans));
  fc.assert(
    fc.property(fc.shuffledSubarray(spans, { minLength: spans.length }), (order) => {
      expect(figuresOf(storeOf(order))).toEqual(expected);
    }),
    { numRuns: 30 },
  );
});

test('a process within a receive is one consumption', () => {
  const store = storeOf(shapes['a process within a receive that continues the trace']!(1));
  store.settle();
  expect(store.flow.hops).toMatchObject([{ messages: 1, noContext: 0, pending: 0, spans: 1, errors: 0 }]);
});

test('a process within a receive is not counted after the receive was evicted', () => {
  const [message, receive, ...within] = shapes['a process within a receive that continues the trace']!(1);
  const filler = request(
    'other',
    Array.from({ length: 1024 }, (): TestSpan => ({ kind: 'internal', start: base })),
  );
  const store = new SpanStore({ spans: segmentRows });
  const add = ({ service, span, scope }: Exported): void => store.addTraces(request(service, [span], scope));
  add(message!);
  add(receive!);
  while (store.evicted === 0) store.addTraces(filler);
  for (const each of within) add(each);
  store.settle();
  expect(store.flow.hops.map(({ messages, noContext }) => [messages, noContext])).toEqual([[1, 0]]);
  // A destination or service of its own is another consumption.
  add(by('audit', within[0]!.span));
  expect(store.flow.hops.map(({ messages, noContext }) => [messages, noContext])).toEqual([
    [1, 0],
    [1, 1],
  ]);
});
