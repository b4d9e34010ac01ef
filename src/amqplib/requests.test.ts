import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { Operation } from '../messaging/index.ts';
import { Requests } from './requests.ts';
import type { MessageLike } from './types.ts';

const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
const published = (): Operation => {
  const context = trace.setSpanContext(ROOT_CONTEXT, spanContext);
  return new Operation(context, [trace.getSpan(context)!]);
};
const reply = (correlationId: unknown): MessageLike => ({ properties: { correlationId } }) as MessageLike;

const received = {
  context: ROOT_CONTEXT,
  creation: undefined,
  destination: undefined,
  attributes: undefined,
  sentAt: undefined,
};

test('a request is found by its correlation id, once', () => {
  const requests = new Requests();
  requests.published(published(), { replyTo: 'replies', correlationId: 'a' });
  expect(requests.answeredBy(reply('b'), received)).toBeUndefined();
  expect(requests.answeredBy(reply(undefined), received)).toBeUndefined();
  expect(requests.answeredBy(reply('a'), Object.assign({}, received, { creation: spanContext }))).toBeUndefined();
  expect(requests.answeredBy(reply('a'), received)?.creation).toBe(spanContext);
  expect(requests.answeredBy(reply('a'), received)).toBeUndefined();
});

test('a publish without a span, a reply address or a correlation id is no request', () => {
  const requests = new Requests();
  requests.published(new Operation(ROOT_CONTEXT), { replyTo: 'replies', correlationId: 'a' });
  requests.published(published(), { correlationId: 'a' });
  requests.published(published(), { replyTo: '', correlationId: 'a' });
  requests.published(published(), { replyTo: 'replies' });
  expect(requests.answeredBy(reply('a'), received)).toBeUndefined();
});

test('a reply after five minutes is not matched', () => {
  let now = 0;
  const requests = new Requests(() => now);
  for (const correlationId of ['a', 'b']) requests.published(published(), { replyTo: 'replies', correlationId });
  now = 299_000;
  expect(requests.answeredBy(reply('a'), received)).toBeDefined();
  now = 301_000;
  expect(requests.answeredBy(reply('b'), received)).toBeUndefined();
});

test('requests that are never answered are bounded: the last 1000 are found', () => {
  const requests = new Requests();
  for (let at = 0; at < 10_000; at++) {
    requests.published(published(), { replyTo: 'replies', correlationId: String(at) });
  }
  const found = Array.from(
    { length: 10_000 },
    (_, at) => requests.answeredBy(reply(String(at)), received) !== undefined,
  );
  expect(found.slice(0, 8000).includes(true)).toBe(false);
  expect(found.slice(9000).includes(false)).toBe(false);
});
