import { expect, test } from 'vitest';
import { answerFrom } from '../index.ts';
import { SpanStore } from '../store/store.ts';
import { request, spanId, type TestSpan, traceId } from '../testing/otlp.ts';
import type { JourneyAnswer, SearchAnswer } from './types.ts';

const attributes = (type: string): Record<string, string> => ({
  'messaging.system.name': 'kafka',
  'messaging.operation.type': type,
  'messaging.destination.name': 'orders',
});

async function answers(process: TestSpan): Promise<{ listed: string | undefined; shown: string[] }> {
  const ids = { traceId: traceId(), spanId: spanId() };
  const store = new SpanStore();
  store.addTraces(request('shop', [{ ...ids, kind: 'producer', attributes: attributes('send') }]));
  const consumed = { ...process.attributes, ...attributes('process') };
  store.addTraces(request('billing', [{ kind: 'consumer', links: [ids], ...process, attributes: consumed }]));
  const search = (await answerFrom(store, '/api/search', new URLSearchParams())) as SearchAnswer;
  const journey = (await answerFrom(store, '/api/journey', new URLSearchParams({ id: ids.spanId }))) as JourneyAnswer;
  return { listed: search.messages[0]?.reason, shown: journey.rows.map(({ reason }) => reason) };
}

test('the list and the journey show why a message failed', async () => {
  expect(await answers({ error: 'card declined\n    at charge (billing.js:7)' })).toEqual({
    listed: 'card declined',
    shown: ['', '', 'card declined'],
  });
});

test('without a status message, the reason is the type of the error', async () => {
  const { listed } = await answers({ error: true, attributes: { 'error.type': 'TimeoutError' } });
  expect(listed).toBe('TimeoutError');
});

test('a message that has not failed has no reason', async () => {
  expect(await answers({})).toEqual({ listed: '', shown: ['', '', ''] });
});
