import { traceConnection } from 'mqtrace/amqplib';
import { droppedHeaders, withBaggage } from 'mqtrace';
import { describe, expect, test, vi } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { idOf } from '../../test-support/spans.ts';
import { type Client, clientsOf, type ConnectionOf, versions } from './clients.ts';
import { useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');

async function connections(client: Client): Promise<{ raw: ConnectionOf; traced: ConnectionOf }> {
  const [raw, traced] = [await client.connect(rabbit.url), await client.connect(rabbit.url)];
  for (const connection of [raw, traced]) connection.on('error', () => {});
  traceConnection(traced, { tracerProvider: recording.tracerProvider });
  return { raw, traced };
}

/** How a promise settled, for comparison; `pending` if it has not after a few replies of the broker. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  const settled = promise.then(() => 'resolved', String);
  const later = async (): Promise<string> => {
    for (let replies = 0; replies < 20; replies++) await rabbit.looker.checkExchange('amq.direct');
    return 'pending';
  };
  return Promise.race([settled, later()]);
}

/** Sizes of the application's headers, up to the size at which nothing else fits. */
function sizesAround(space: number): number[] {
  const sizes = [100, space - 300, space - 200];
  // In a small frame the properties need space as well.
  const last = space < 65_536 ? space - 96 : space - 14;
  for (let bytes = space - 110; bytes <= last; bytes += 3) sizes.push(bytes);
  return sizes;
}

/** Options of publishes that amqplib encodes in different ways. */
const publishOptions: readonly (object | undefined)[] = [
  undefined,
  {},
  { persistent: true, contentType: 'application/json', expiration: 60_000, messageId: 'm', timestamp: 7 },
  { headers: { order: 7, traceparent: 'old', nested: { deep: [1, 'two'] } }, mandatory: true },
  { CC: ['nowhere'], BCC: 'nowhere', headers: { CC: 'mine', last: true } },
  Object.freeze({ headers: Object.freeze(Object.create({ inherited: 1 })) as object }),
];

describe.each(clientsOf(...versions))('%s', (client) => {
  test.each(['channel', 'confirmChannel'] as const)(
    'a %s sends the same messages without the fast path',
    async (kind) => {
      const received = await Promise.all(
        [true, false].map(async (fastPath) => {
          const connection = await client.connect(rabbit.url);
          traceConnection(connection, { fastPath });
          const channel = await client[kind](connection);
          const queue = await rabbit.queue();
          withBaggage({ tenant: 'acme' }, () => {
            for (const options of publishOptions) channel.sendToQueue(queue, body, options);
          });
          const messages: unknown[] = [];
          for (const _ of publishOptions) {
            const { properties, content } = await rabbit.read(queue);
            const { 'mqtrace-sent-at': sentAt, ...headers } = (properties.headers ?? {}) as Record<string, unknown>;
            const others = { ...properties, headers: {} };
            messages.push({
              sentAt: typeof sentAt,
              headers: Object.entries(headers),
              others,
              content: String(content),
            });
          }
          await client.reply(connection, 'close');
          return messages;
        }),
      );
      expect(received[0]).toEqual(received[1]);
      const carried: unknown = expect.arrayContaining([['baggage', 'tenant=acme']]);
      expect(received[0]).toMatchObject(publishOptions.map(() => ({ sentAt: 'string', headers: carried })));
    },
  );

  test('publish, consume, get and the settlements are one trace', async () => {
    const { raw, traced } = await connections(client);
    const channel = await client.channel(traced);
    const queue = await rabbit.queue();
    const consumed = withResolvers<void>();
    channel.sendToQueue(queue, body);
    await vi.waitFor(async () => expect((await rabbit.looker.checkQueue(queue)).messageCount).toBe(1));
    const pulled = await client.get(channel, queue);
    channel.nack(pulled as never);
    await client.consume(channel, queue, (message) => {
      channel.ack(message);
      consumed.resolve();
    });
    await consumed.promise;
    const publish = recording.span(`publish ${queue}`);
    const process = recording.span(`process ${queue}`);
    expect(process.parentSpanContext?.spanId).toBe(publish.spanContext().spanId);
    expect(recording.span(`ack ${queue}`).parentSpanContext?.spanId).toBe(process.spanContext().spanId);
    for (const name of ['get', 'nack']) {
      expect(recording.span(`${name} ${queue}`).links.map(({ context }) => idOf(context))).toEqual([idOf(publish)]);
    }
    expect(recording.open()).toEqual([]);
    for (const connection of [raw, traced]) await client.reply(connection, 'close');
  });

  // amqplib detects an oversized header table while encoding: by then the callback is queued (up to 1.0), or the last
  // string is truncated silently (up to 2.2.1).
  test('around 64 KiB of headers: every publish is called once, every callback belongs to its publish, the connection stays open', async () => {
    const { raw, traced } = await connections(client);
    // amqplib 0.8 requests frames of 4 KiB, which the headers must fit.
    const space =
      (traced as unknown as { connection: { frameMax: number } }).connection.frameMax < 65_536 ? 4096 : 65_536;
    const channel = await client.confirmChannel(traced);
    const queue = await rabbit.queue();
    const confirmed: number[] = [];
    const sizes = sizesAround(space);
    const dropped = droppedHeaders()['amqp-table-full'];
    withBaggage({ tenant: 'a' }, () => {
      for (const size of sizes) {
        const headers = { mine: 'y'.repeat(size) };
        channel.sendToQueue(queue, body, { headers }, (error) => confirmed.push(error === null ? size : -1));
      }
    });
    await client.reply(channel, 'waitForConfirms');
    expect(confirmed).toEqual(sizes);
    expect(droppedHeaders()['amqp-table-full']).toBeGreaterThan(dropped);
    for (const size of sizes) {
      const { headers } = (await rabbit.read(queue)).properties;
      expect(headers?.['mine']).toHaveLength(size);
    }
    expect((await rabbit.looker.checkQueue(queue)).messageCount).toBe(0);
    expect(recording.open()).toEqual([]);
    expect(recording.spans().map(({ status }) => status.code)).toEqual(sizes.map(() => 0));
    for (const connection of [raw, traced]) await client.reply(connection, 'close');
  });

  test('the application’s oversized headers have the same effect as without tracing', async () => {
    const { raw, traced } = await connections(client);
    const errors: unknown[] = [];
    for (const connection of [raw, traced]) {
      const channel = await client.confirmChannel(connection);
      errors.push(
        await failure(() =>
          channel.sendToQueue('q', body, { headers: { mine: 1, rest: 'y'.repeat(70_000), last: 1 } }),
        ),
      );
    }
    expect(errors[1]).toEqual(errors[0]);
    expect(recording.span('publish q').status.code).toBe(2);
    for (const connection of [raw, traced]) await client.reply(connection, 'close');
  });

  test('1000 publishes without callback, close and waitForConfirms behave as without tracing', async () => {
    const { raw, traced } = await connections(client);
    const outcomes: string[] = [];
    const queue = await rabbit.queue();
    for (const connection of [raw, traced]) {
      const channel = await client.confirmChannel(connection);
      for (let sent = 0; sent < 1000; sent++) channel.sendToQueue(queue, body);
      await client.reply(channel, 'close');
      outcomes.push(await outcome(client.reply(channel, 'waitForConfirms')));
    }
    // Older versions never call the callback.
    if (client.api === 'promises' && client.version !== 'amqplib-0.8') expect(outcomes[0]).toContain('channel closed');
    expect(outcomes[1]).toBe(outcomes[0]);
    expect(recording.open()).toEqual([]);
    for (const connection of [raw, traced]) await client.reply(connection, 'close');
  });

  test('the broker closes the channel: waitForConfirms behaves as without tracing, before and after', async () => {
    const { raw, traced } = await connections(client);
    const outcomes: string[][] = [];
    for (const connection of [raw, traced]) {
      const channel = await client.confirmChannel(connection);
      channel.on('error', () => {});
      const closed = withResolvers<void>();
      channel.on('close', closed.resolve);
      for (let sent = 0; sent < 10; sent++) channel.publish(uniqueName('no-such-exchange'), 'key', body);
      const before = outcome(client.reply(channel, 'waitForConfirms'));
      await closed.promise;
      outcomes.push([await before, await outcome(client.reply(channel, 'waitForConfirms'))]);
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(recording.open()).toEqual([]);
    expect(recording.spans().map(({ attributes }) => attributes['error.type'])).toEqual(Array(10).fill('404'));
    for (const connection of [raw, traced]) await client.reply(connection, 'close');
  });

  test('alternating acks and nacks of two queues end the right spans, with and without callbacks', async () => {
    const { raw, traced } = await connections(client);
    const channel = await client.confirmChannel(traced);
    const taking = await rabbit.queue();
    const full = await rabbit.queue({ arguments: { 'x-overflow': 'reject-publish' }, maxLength: 0 });
    const results: string[] = [];
    for (let sent = 0; sent < 60; sent++) {
      const to = sent % 3 === 0 ? full : taking;
      if (sent % 2 === 0) channel.sendToQueue(to, body);
      else channel.sendToQueue(to, body, {}, (error) => results.push(`${to === full}: ${String(error)}`));
    }
    expect(await outcome(client.reply(channel, 'waitForConfirms'))).toContain('message nacked');
    await vi.waitFor(() => expect(recording.open()).toEqual([]));
    expect(new Set(results)).toEqual(new Set(['true: Error: message nacked', 'false: null']));
    expect(results).toHaveLength(30);
    for (const span of recording.spans()) {
      expect(span.attributes['error.type']).toBe(span.name === `publish ${full}` ? 'nack' : undefined);
    }
    for (const connection of [raw, traced]) await client.reply(connection, 'close');
  });

  test('a callback that throws has the same effect on the client as without tracing, and later spans still end', async () => {
    const { raw, traced } = await connections(client);
    const errors: string[] = [];
    for (const connection of [raw, traced]) {
      const failed = withResolvers<unknown>();
      connection.on('error', failed.resolve);
      const channel = await client.confirmChannel(connection);
      channel.on('error', () => {});
      channel.sendToQueue('nowhere', body, {}, () => {
        throw new Error('callback');
      });
      for (let sent = 0; sent < 5; sent++) channel.sendToQueue('nowhere', body);
      errors.push(String(await failed.promise));
    }
    expect(errors[1]).toBe(errors[0]);
    await vi.waitFor(() => expect(recording.open()).toEqual([]));
  });
});
