// Tests mandatory messages that cannot be routed to a queue.
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { connect } from 'amqplib';
import { SpanStatusCode } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { traceConnection } from 'mqtrace/amqplib';
import { expect, test } from 'vitest';
import { mqtraceMetrics } from '../../src/metrics/index.ts';
import { uniqueName } from '../../test-support/inputs.ts';
import { recordSpans, underSpan } from '../../test-support/spans.ts';
import { useRabbitMQ } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;

/** Publishes messages that a headers exchange routes only if they are `kept`, and returns the bodies that came back. */
async function publishAll(channel: ConfirmChannel, kept: readonly boolean[]): Promise<string[]> {
  const exchange = uniqueName('x');
  await channel.assertExchange(exchange, 'headers', { durable: false, autoDelete: true });
  await channel.bindQueue(await rabbit.queue(), exchange, '', { 'x-match': 'all', kept: 'yes' });
  const returned: string[] = [];
  channel.on('return', (message: ConsumeMessage) => returned.push(message.content.toString()));
  for (const [at, isKept] of kept.entries()) {
    const headers = isKept ? { kept: 'yes' } : {};
    channel.publish(exchange, 'key', Buffer.from(`${at}`), { mandatory: true, messageId: `${at}`, headers });
  }
  await channel.waitForConfirms();
  return returned;
}

/** Outcomes of the publish spans by message. */
const failures = (): unknown[] =>
  recording
    .spans()
    .filter(({ name }) => name.startsWith('publish'))
    .map(({ attributes, status }) => [attributes['messaging.message.id'], attributes['error.type'], status.message])
    .sort((one, other) => String(one).localeCompare(String(other)));

test('on a confirm channel the publish spans of the returned messages fail, and no others', async () => {
  const channel = await rabbit.traced.createConfirmChannel();
  expect(await publishAll(channel, [true, false, true, false])).toEqual(['1', '3']);
  const failed = ['NO_ROUTE', 'message returned: NO_ROUTE'];
  expect(failures()).toEqual([
    ['0', undefined, undefined],
    ['1', ...failed],
    ['2', undefined, undefined],
    ['3', ...failed],
  ]);
  expect(recording.open()).toEqual([]);
  await channel.close();
});

test('a message whose context cannot be written is found by exchange and routing key', async () => {
  const channel = await rabbit.traced.createConfirmChannel();
  const [exchange, key] = [await rabbit.exchange('direct'), uniqueName('none')];
  const large = { text: 'x'.repeat(65_000) };
  channel.publish(exchange, key, Buffer.from('1'), { mandatory: true, messageId: '1', headers: large });
  await channel.waitForConfirms();
  expect(failures()).toEqual([['1', 'NO_ROUTE', 'message returned: NO_ROUTE']]);
  await channel.close();
});

test('without confirms the span has ended; the message is counted', async () => {
  const metrics = mqtraceMetrics();
  const channel = await rabbit.traced.createChannel();
  const exchange = await rabbit.exchange('direct');
  const returned = new Promise((resolve) => channel.on('return', resolve));
  channel.publish(exchange, 'none', Buffer.from('1'), { mandatory: true });
  await returned;
  expect(recording.span(`publish ${exchange}:none`).status.code).toBe(SpanStatusCode.UNSET);
  expect(await counts(metrics, 'mqtrace.messages.returned', exchange)).toEqual({ undefined: 1 });
  await channel.close();
});

test('unsampled messages with one parent carry the same context; each return is counted once', async () => {
  const metrics = mqtraceMetrics();
  const unsampled = recordSpans({ sampler: new AlwaysOffSampler() });
  const connection = traceConnection(await connect(rabbit.url), { tracerProvider: unsampled.tracerProvider });
  const channel = await connection.createConfirmChannel();
  const exchange = await rabbit.exchange('direct');
  await channel.bindQueue(await rabbit.queue(), exchange, 'some');
  await underSpan(unsampled, async () => {
    for (const key of ['none', 'some', 'none', 'some', 'none']) {
      channel.publish(exchange, key, Buffer.from('1'), { mandatory: true });
    }
    await channel.waitForConfirms();
  });
  expect(await counts(metrics, 'mqtrace.messages.returned', exchange)).toEqual({ undefined: 3 });
  expect(await counts(metrics, 'messaging.client.sent.messages', exchange)).toEqual({ undefined: 2, NO_ROUTE: 3 });
  await connection.close();
});

/** The values of a counter for one destination, by `error.type`. */
async function counts(
  metrics: ReturnType<typeof mqtraceMetrics>,
  name: string,
  destination: string,
): Promise<Record<string, unknown>> {
  const { resourceMetrics } = await metrics.collect();
  const found = resourceMetrics.scopeMetrics
    .flatMap((scope) => scope.metrics)
    .find((one) => one.descriptor.name === name);
  const points = (found?.dataPoints ?? []) as unknown as { attributes: Record<string, unknown>; value: unknown }[];
  return Object.fromEntries(
    points
      .filter(({ attributes }) => attributes['messaging.destination.name'] === destination)
      .map(({ attributes, value }) => [String(attributes['error.type']), value]),
  );
}
