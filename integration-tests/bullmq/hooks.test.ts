// Tests the options that look into jobs: hooks, and the size of the data.
import type { Span } from '@opentelemetry/api';
import * as bullmq6 from 'bullmq';
import * as bullmq5 from 'bullmq5';
import type { MessageView } from 'mqtrace';
import { bullmqTelemetry, traceWorker } from 'mqtrace/bullmq';
import { expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';

const spans = recordRegisteredSpans();
const address = new URL(inject('redisUrl'));
const connection = { host: address.hostname, port: Number(address.port), maxRetriesPerRequest: null };

test.each([
  ['6', bullmq6],
  ['5', bullmq5 as unknown as typeof bullmq6],
])('BullMQ %s: hooks get the queue and the data of a job, whose size is known to its worker', async (_, bullmq) => {
  const name = uniqueName('q');
  const seen: unknown[] = [];
  const hook = (span: Span, { destination, body }: MessageView): void =>
    void seen.push([destination, body, span.isRecording()]);
  const telemetry = bullmqTelemetry({ onSend: hook, onProcess: hook });
  const queue = new bullmq.Queue(name, { connection, telemetry: telemetry as never });
  await queue.add('order', { id: 7 });
  const worker = traceWorker(new bullmq.Worker(name, () => Promise.resolve(), { connection }), {
    onProcess: hook,
    bodySize: true,
  });
  await new Promise((resolve) => worker.once('completed', resolve));
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();
  expect(seen).toEqual([
    [name, undefined, true],
    [name, '{"id":7}', true],
  ]);
  expect(spans.span(`process ${name}`).attributes['messaging.message.body.size']).toBe(8);
});
