// Tests RPC: requests with `replyTo` and `correlationId`, by a queue and by direct reply-to, to services with and without tracing.
import { context, type SpanContext, trace } from '@opentelemetry/api';
import type { Channel, ConsumeMessage } from 'amqplib';
import { expect, test, vi } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { linked, underSpan } from '../../test-support/spans.ts';
import { useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');
const idOf = ({ traceId, spanId }: SpanContext): string => `${traceId}-${spanId}`;

/** A service that replies to each request. */
async function serve(channel: Channel): Promise<string> {
  const queue = await rabbit.queue();
  await channel.consume(
    queue,
    (message) => {
      const { replyTo, correlationId } = message!.properties;
      channel.sendToQueue(replyTo as string, body, { correlationId });
    },
    { noAck: true },
  );
  return queue;
}

test.each([
  ['direct reply-to, a traced service', true, true],
  ['direct reply-to, a service without tracing', true, false],
  ['a reply queue, a traced service', false, true],
  ['a reply queue, a service without tracing', false, false],
])('%s: the reply is in the trace of the request, links it, and tells the time', async (_, isDirect, isTraced) => {
  const requests = await serve(await (isTraced ? rabbit.traced : rabbit.raw).createChannel());
  const channel = await rabbit.traced.createChannel();
  const replies = isDirect ? 'amq.rabbitmq.reply-to' : await rabbit.queue();
  const reply = withResolvers<ConsumeMessage>();
  let active: SpanContext | undefined;
  const handle = (message: ConsumeMessage | null): void => {
    active = trace.getSpanContext(context.active());
    reply.resolve(message!);
  };
  await channel.consume(replies, handle, { noAck: true });
  const correlationId = uniqueName('request');
  const app = await underSpan(recording, async (span) => {
    channel.sendToQueue(requests, body, { replyTo: replies, correlationId });
    return Promise.resolve(span);
  });
  expect((await reply.promise).properties.correlationId).toBe(correlationId);
  const request = recording.span(`publish ${requests}`);
  const process = await vi.waitFor(() =>
    recording.spans().find((span) => span.spanContext().spanId === active?.spanId)!,
  );
  expect(active?.traceId).toBe(app.traceId);
  expect(linked(process)).toContain(idOf(request.spanContext()));
  expect(process.attributes['mqtrace.request.duration']).toBeGreaterThanOrEqual(0);
  expect(process.attributes['messaging.message.conversation_id']).toBe(correlationId);
  if (!isTraced) expect(process.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
  await channel.close();
});

test('a request that comes back to its sender, and a message that answers nothing, are processed as any other', async () => {
  const channel = await rabbit.traced.createChannel();
  const queue = await rabbit.queue();
  channel.sendToQueue(queue, body, { replyTo: 'nowhere', correlationId: 'asked' });
  const handled = withResolvers<void>();
  rabbit.looker.sendToQueue(queue, body, { correlationId: 'other' });
  let count = 0;
  await channel.consume(queue, () => (++count === 2 ? handled.resolve() : undefined), { noAck: true });
  await handled.promise;
  const [itself, other] = recording.named(`process ${queue}`);
  expect(itself?.links).toHaveLength(1);
  expect([other?.links, other?.parentSpanContext]).toEqual([[], undefined]);
  for (const span of [itself, other]) expect(span?.attributes['mqtrace.request.duration']).toBeUndefined();
  await channel.close();
});
