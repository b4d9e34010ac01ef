import { expect, onTestFinished, test } from 'vitest';
import { startView } from '../index.ts';
import { readAnswer, streamType } from '../server/answer-stream.ts';
import { SpanStore } from '../store/store.ts';
import { request, spanId, type TestSpan, traceId } from '../testing/otlp.ts';
import { searchAnswer, type SearchQuery } from './search.ts';

const attributes = {
  'messaging.system.name': 'kafka',
  'messaging.operation.type': 'send',
  'messaging.destination.name': 'orders',
};

/** Enough spans for many blocks, each with different values. */
function filled(store: SpanStore, spans: number): void {
  for (let from = 0; from < spans; from += 500) {
    const some = Array.from({ length: 500 }, (_, at): TestSpan => ({
      spanId: spanId(),
      traceId: traceId(),
      kind: 'producer',
      attributes: {
        ...attributes,
        'messaging.message.id': `m-${from + at}`,
        'kafka.message.key': `key-${(from + at) % 100}`,
        'order.number': from + at,
        'order.price': (from + at) / 4 + 0.125,
        'order.express': (from + at) % 2 === 0,
      },
    }));
    store.addTraces(request('shop', some));
  }
}

const ids = async (store: SpanStore, query: SearchQuery): Promise<string[]> =>
  (await searchAnswer(store, query)).messages.map(({ messageId }) => messageId);

test('attributes of every type are found by the value that is shown, and no other spans are found', async () => {
  const store = new SpanStore();
  filled(store, 20_000);
  expect(await ids(store, { attribute: 'order.number=12345' })).toEqual(['m-12345']);
  expect(await ids(store, { attribute: 'order.price=500.125' })).toEqual(['m-2000']);
  expect(await ids(store, { attribute: 'messaging.message.id=m-77' })).toEqual(['m-77']);
  expect(await ids(store, { attribute: 'order.express=false', limit: 2 })).toHaveLength(2);
  expect(await ids(store, { attribute: 'order.number=12345678' })).toEqual([]);
  // The name of a different attribute.
  expect(await ids(store, { attribute: 'number=12345' })).toEqual([]);
});

test('an attribute of a span with very many attributes is found', async () => {
  const store = new SpanStore();
  const many = Object.fromEntries(Array.from({ length: 180 }, (_, at) => [`extra.${at}`, at]));
  const more = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`z.${at}`, `v-${at}`]));
  store.addTraces(request('shop', [{ kind: 'producer', attributes: { ...attributes, ...many, ...more } }]));
  filled(store, 2000);
  expect((await searchAnswer(store, { attribute: 'extra.179=179' })).messages).toHaveLength(1);
});

test('text and keys are found in many blocks; an aborted search ends', async () => {
  const store = new SpanStore();
  filled(store, 20_000);
  expect(await ids(store, { text: 'm-19999' })).toEqual(['m-19999']);
  expect(await ids(store, { id: 'key-42', limit: 3 })).toHaveLength(3);
  const stop = new AbortController();
  const shares: number[] = [];
  const onProgress = (share: number): void => {
    shares.push(share);
    stop.abort();
  };
  const { messages } = await searchAnswer(store, { text: 'nowhere' }, onProgress, stop.signal);
  expect(messages).toEqual([]);
  expect(shares).toHaveLength(1);
  expect(shares[0]).toBeGreaterThan(0);
  expect(shares[0]).toBeLessThan(1);
});

test('the view answers other requests during a search', async () => {
  const store = new SpanStore();
  filled(store, 20_000);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await searchAnswer(store, { text: 'nowhere' });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});

test('a view reports the progress of a search if requested', async () => {
  const view = await startView({ port: 0, otlpPort: 0, grpcPort: 0 });
  onTestFinished(() => view.close());
  filled(view.store, 60_000);
  const ask = async (text: string, onProgress: (share: number) => void): Promise<unknown> =>
    readAnswer(await fetch(`${view.url}/api/search?text=${text}`, { headers: { accept: streamType } }), onProgress);
  const shares: number[] = [];
  expect(await ask('m-59999', () => {})).toMatchObject({ messages: [{ messageId: 'm-59999' }] });
  // Several searches at once take long enough on any machine.
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask('nowhere', (share) => shares.push(share))));
  expect(answers).toEqual(answers.map(() => ({ schema: 'mqtrace.search/1', messages: [], more: false })));
  expect(shares.length).toBeGreaterThan(0);
  expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
});
