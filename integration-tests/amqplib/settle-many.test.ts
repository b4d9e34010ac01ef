// Tests the settlement of so many messages at once that their spans are written later.
import { type Channel, connect } from 'amqplib';
import type { TracerProvider } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { traceConnection } from 'mqtrace/amqplib';
import { MqtraceSpanProcessor, startTracing } from 'mqtrace/sdk';
import { describe, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import type { ReceivedSpan } from '../../test-support/otlp-decode.ts';
import { startOtlpReceiver } from '../../test-support/otlp-receiver.ts';

const count = 700;

interface Tracing {
  readonly provider: TracerProvider;
  shutdown(): Promise<unknown>;
}
/** How the application sets up tracing. */
const setUps: Record<string, (endpoint: string) => Tracing> = {
  startTracing: (endpoint) => startTracing({ serviceName: 'settle-many', register: false, export: { endpoint } }),
  'own SDK': (endpoint) => {
    const provider = new NodeTracerProvider({ spanProcessors: [new MqtraceSpanProcessor({ endpoint })] });
    return { provider, shutdown: () => provider.shutdown() };
  },
};

/** Publishes and consumes many messages with confirms, settles them in one call, and shuts tracing down. */
async function settleMany(
  fastPath: boolean,
  settle: (channel: Channel, last: unknown) => unknown,
  setUp = setUps['startTracing']!,
): Promise<readonly ReceivedSpan[]> {
  await using receiver = await startOtlpReceiver();
  const tracing = setUp(receiver.url);
  const { provider: tracerProvider } = tracing;
  const connection = traceConnection(await connect(inject('amqpUrl')), { tracerProvider, fastPath });
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue(uniqueName('q'), { durable: false, expires: 60_000 });
  const last = await new Promise((resolve, reject) => {
    let received = 0;
    channel.consume(queue, (message) => ++received === count && resolve(message)).catch(reject);
    for (let sent = 0; sent < count; sent++) channel.sendToQueue(queue, Buffer.from('x'), { messageId: String(sent) });
  });
  await channel.waitForConfirms();
  const settled = settle(channel, last);
  // Otherwise nothing has turned the event loop meanwhile.
  if (settled instanceof Promise) await settled;
  await tracing.shutdown();
  await connection.close();
  return receiver.spans;
}

/** The parts of spans that are the same in each run: their own properties, and which other spans they link. */
function described(spans: readonly ReceivedSpan[]): unknown[] {
  const messages = new Map(
    spans
      .filter(({ name }) => name.startsWith('publish'))
      .map((span) => [span.spanId, span.attributes['messaging.message.id']]),
  );
  const named = new Map(
    spans.map(({ spanId, name, attributes }) => [spanId, [name, attributes['messaging.message.id']]]),
  );
  return spans
    .map(({ name, kind, parentSpanId, attributes, links, status, events }) => ({
      name: name.replace(/ .*/, ''),
      kind,
      status,
      events: events.map((event) => event.name),
      parent: JSON.stringify(named.get(parentSpanId))?.replace(/ [^"]*/, ''),
      links: links.map((link) => [messages.get(link.spanId), Object.keys(link.attributes)]),
      // Their order has no meaning.
      attributes: Object.entries(attributes)
        .filter(([key]) => !/destination|routing_key|message\.age|^network|^server/.test(key))
        .toSorted(([one], [other]) => (one < other ? -1 : 1)),
    }))
    .map((each) => JSON.stringify(each))
    .toSorted();
}

const settlements: [string, (channel: Channel, last: unknown) => void][] = [
  ['ack of all up to one', (channel, last) => channel.ack(last as never, true)],
  ['ackAll', (channel) => channel.ackAll()],
  ['nackAll', (channel) => channel.nackAll(false)],
];

describe.each(Object.entries(setUps))('%s', (_, setUp) => {
  test.each(settlements)('%s: the same spans as by the slow path, all exported by a shutdown', async (__, settle) => {
    const fast = await settleMany(true, settle, setUp);
    const slow = await settleMany(false, settle, setUp);
    expect(described(fast)).toEqual(described(slow));
    // A publish and a process span for each message, and one for each 128 links of the settlement.
    expect(fast).toHaveLength(2 * count + Math.ceil(count / 128));
  });

  test('a channel that closes with an error fails all unsettled messages, as by the slow path', async () => {
    const fail = async (channel: Channel): Promise<void> => {
      const closed = new Promise((resolve) => channel.once('close', resolve));
      channel.on('error', () => undefined);
      channel.publish('no such exchange', '', Buffer.from('x'));
      await closed;
    };
    const fast = await settleMany(true, fail, setUp);
    const slow = await settleMany(false, fail, setUp);
    expect(described(fast)).toEqual(described(slow));
    const processed = fast.filter(({ name }) => name.startsWith('process'));
    expect(processed.filter(({ attributes }) => attributes['error.type'] === '404')).toHaveLength(count);
    // The time of each event is that at which the channel closed, not that at which the span was written.
    for (const { events, endTimeUnixNano } of processed) {
      expect(events.map(({ timeUnixNano }) => timeUnixNano)).toEqual([endTimeUnixNano]);
    }
  });
});
