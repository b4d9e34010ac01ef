import { ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { Messaging } from '../messaging/index.ts';
import { ReceivedJob, readMetadata } from './message.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const messaging = new Messaging('bullmq', 'test', {});

test.each([
  '',
  '{',
  '[]',
  'null',
  '7',
  '{"traceparent":7}',
  '{"traceparent":{"toString":null}}',
  `{"traceparent":"${'x'.repeat(40_000)}"}`,
  '{"__proto__":{"traceparent":"x"}}',
])('metadata %j of another writer is harmless', (metadata) => {
  expect(readMetadata(metadata)).toEqual({});
  expect(new ReceivedJob(messaging, metadata, { name: 'q' }, {}).context).toBe(ROOT_CONTEXT);
});

test('metadata is the JSON of a record of headers', () => {
  const job = new ReceivedJob(messaging, JSON.stringify({ traceparent, baggage: 'a=1' }), { name: 'q' }, { id: '7' });
  expect(job.creation).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', traceFlags: 1 });
  expect(job.linkOnly).toBe(false);
});

test.each([
  [{ timestamp: 1000, attemptsMade: 0 }, 1000],
  [{ timestamp: 1000, attemptsMade: 0, opts: { delay: 500 } }, 1500],
  [{ timestamp: 1000, attemptsMade: 1, opts: { delay: 500 } }, undefined],
  [{ timestamp: 1000 }, undefined],
  [{ attemptsMade: 0 }, undefined],
  [{ timestamp: 'x', attemptsMade: 0 }, undefined],
])('of %j the wait starts at %s', (job, sentAt) => {
  expect(new ReceivedJob(messaging, '', { name: 'q' }, job as never).sentAt).toBe(sentAt);
});

test('a job of a scheduler links the trace that it carries', () => {
  const metadata = JSON.stringify({ traceparent });
  expect(new ReceivedJob(messaging, metadata, { name: 'q' }, { id: 'repeat:each:1760000000000' }).linkOnly).toBe(true);
});
