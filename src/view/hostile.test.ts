import { expect, test } from 'vitest';
import { healthAnswer } from './queries/health.ts';
import { journeyAnswer, journeyBudget } from './queries/journey.ts';
import { mapAnswer } from './queries/map.ts';
import { findHex } from './queries/rows.ts';
import { searchAnswer } from './queries/search.ts';
import { spanAnswer } from './queries/span.ts';
import { SpanStore } from './store/store.ts';
import { request, spanId, type TestSpan, traceId } from './testing/otlp.ts';

const on = (type: string, destination: string): NonNullable<TestSpan['attributes']> => ({
  'messaging.system.name': 'kafka',
  'messaging.operation.type': type,
  'messaging.destination.name': destination,
});

async function askEverything(store: SpanStore, id?: string): Promise<void> {
  mapAnswer(store);
  healthAnswer(store);
  await searchAnswer(store, { order: 'slowest' });
  await searchAnswer(store, { text: 'x' });
  if (id === undefined) return;
  const row = findHex(store, id)!;
  expect(journeyAnswer(store, row).rows.length).toBeLessThanOrEqual(journeyBudget);
  spanAnswer(store, row);
}

test('100,000 destinations and as many services are counted as "other" beyond the limits', async () => {
  const store = new SpanStore();
  for (let from = 0; from < 100_000; from += 1000) {
    const spans = Array.from({ length: 1000 }, (_, at): TestSpan => ({
      kind: 'producer',
      attributes: on('send', `topic-${from + at}`),
    }));
    store.addTraces(request(`service-${from}`, spans));
  }
  for (let at = 0; at < 2000; at++)
    store.addTraces(request(`one-of-${at}`, [{ kind: 'producer', attributes: on('send', 'orders') }]));
  const map = mapAnswer(store);
  expect(map.destinations.length).toBeLessThanOrEqual(2001);
  expect(map.destinations[0]?.name).toBe('(other destinations)');
  expect(map.destinations.reduce((sum, { messages }) => sum + messages, 0)).toBe(102_000);
  expect(map.coverage.refused).toBeGreaterThan(0);
  await askEverything(store);
}, 120_000);

test('a span of a megabyte is stored completely and shown in part', async () => {
  const store = new SpanStore();
  const id = spanId();
  store.addTraces(
    request('shop', [
      {
        spanId: id,
        kind: 'producer',
        name: 'n'.repeat(2 ** 20),
        attributes: { ...on('send', 'd'.repeat(2 ** 20)), long: 'v'.repeat(2 ** 20) },
      },
    ]),
  );
  const answer = spanAnswer(store, findHex(store, id)!);
  expect(String(answer.attributes['long']).length).toBeLessThan(3000);
  expect(mapAnswer(store).destinations[0]!.name.length).toBeLessThanOrEqual(256);
  await askEverything(store, id);
});

test('cycles of parents and of links end', async () => {
  const store = new SpanStore();
  const ids = Array.from({ length: 5 }, spanId);
  const spans = ids.map((id, at): TestSpan => {
    const next = ids[(at + 1) % ids.length]!;
    return {
      spanId: id,
      parent: next,
      kind: at % 2 === 0 ? 'producer' : 'consumer',
      links: [{ spanId: next }, { spanId: id }],
      attributes: on(at % 2 === 0 ? 'send' : 'process', 'loop'),
    };
  });
  const own = spanId();
  spans.push({
    spanId: own,
    parent: own,
    kind: 'consumer',
    links: [{ spanId: own }],
    attributes: on('process', 'loop'),
  });
  store.addTraces(request('shop', spans));
  for (const id of [...ids, own]) await askEverything(store, id);
  expect(journeyAnswer(store, findHex(store, own)!).rows.filter(({ kind }) => kind === 'span').length).toBe(1);
});

test('very many links to one message are folded, and do not slow down later requests', async () => {
  const store = new SpanStore();
  const message = { traceId: traceId(), spanId: spanId() };
  store.addTraces(request('shop', [{ ...message, kind: 'producer', attributes: on('send', 'storm') }]));
  for (let i = 0; i < 20; i++) {
    const spans = Array.from({ length: 10 }, (): TestSpan => ({
      kind: 'consumer',
      links: Array.from({ length: 500 }, () => message),
      attributes: on('process', 'storm'),
    }));
    store.addTraces(request('billing', spans));
  }
  const answer = journeyAnswer(store, findHex(store, message.spanId)!);
  expect(answer.rows.some(({ kind }) => kind === 'fold')).toBe(true);
  await askEverything(store, message.spanId);
}, 60_000);

test('a fan-out of a hundred thousand stays within the budget of a journey', async () => {
  const store = new SpanStore();
  const root = { traceId: traceId(), spanId: spanId() };
  store.addTraces(request('shop', [{ ...root, kind: 'producer', attributes: on('send', 'fan') }]));
  for (let i = 0; i < 100; i++) {
    store.addTraces(
      request(
        'billing',
        Array.from({ length: 1000 }, (): TestSpan => ({
          parent: root.spanId,
          kind: 'consumer',
          links: [root],
          attributes: on('process', 'fan'),
        })),
      ),
    );
  }
  expect(journeyAnswer(store, findHex(store, root.spanId)!).rows.some(({ kind }) => kind === 'fold')).toBe(true);
  await askEverything(store, root.spanId);
}, 60_000);

test('times before the epoch, in the far future or reversed do not change other figures', async () => {
  const store = new SpanStore();
  const now = Date.now();
  const message = { traceId: traceId(), spanId: spanId() };
  store.addTraces(
    request('far', [
      { kind: 'producer', start: 18_000_000_000_000, end: 1, attributes: on('send', 'orders') },
      { kind: 'producer', start: 0, end: 0, attributes: on('send', 'orders') },
    ]),
  );
  store.addTraces(
    request('shop', [{ ...message, kind: 'producer', start: now - 500, attributes: on('send', 'orders') }]),
  );
  store.addTraces(
    request('billing', [{ kind: 'consumer', start: now - 400, links: [message], attributes: on('process', 'orders') }]),
  );
  const [card] = mapAnswer(store).destinations;
  expect(card!.consumers[0]!.wait?.p50).toBeCloseTo(100, 0);
  await askEverything(store, message.spanId);
});

test('the oldest spans are removed first, memory stays within its limit, and the remaining spans are found', async () => {
  const store = new SpanStore({ spans: 131_072 });
  let last = '';
  for (let i = 0; i < 300; i++) {
    const spans = Array.from({ length: 1000 }, (): TestSpan => ({
      spanId: (last = spanId()),
      kind: 'producer',
      attributes: on('send', 'orders'),
    }));
    store.addTraces(request('shop', spans));
  }
  expect(store.received).toBe(300_000);
  expect(store.rows).toBeLessThanOrEqual(131_072 + 65_536);
  expect(store.evicted).toBe(store.received - store.rows);
  expect(mapAnswer(store).destinations[0]!.notConsumed).toBe(store.rows);
  await askEverything(store, last);
}, 120_000);

test('thousands of baggage entries and headers, of up to a megabyte and with any name, are listed in part', async () => {
  const store = new SpanStore();
  const message = { traceId: traceId(), spanId: spanId() };
  const named = (prefix: string, value: string): [string, string][] =>
    ['', '__proto__', 'constructor', '\u0000', 'n'.repeat(2 ** 20)].map((name) => [prefix + name, value]);
  const many = Array.from({ length: 1000 }, (_, at): [string, string[]] => [
    `messaging.header.h-${at}`,
    Array.from({ length: 300 }, (_, i) => `v-${i}`),
  ]);
  store.addTraces(
    request('shop', [
      {
        ...message,
        kind: 'producer',
        attributes: Object.fromEntries<string | string[]>([
          ...Object.entries(on('send', 'orders') as Record<string, string>),
          ...named('baggage.', 'v'.repeat(2 ** 20)),
          ...named('messaging.header.', '<script>'),
          ...many,
        ]),
      },
    ]),
  );
  const { recorded, notes } = journeyAnswer(store, findHex(store, message.spanId)!);
  expect(recorded.length).toBe(50);
  expect(recorded.map(({ name }) => name)).toEqual(expect.arrayContaining(['__proto__', 'constructor', '\u0000']));
  for (const { name, value } of recorded) expect(name.length + value.length).toBeLessThan(400);
  expect(notes.join('\n')).toContain('More baggage and headers');
  await askEverything(store, message.spanId);
});
