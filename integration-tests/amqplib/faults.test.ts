// Every part of tracing is broken in turn, on the real broker: what the application sees is what it would see of the raw client.
import type { ConsumeMessage } from 'amqplib';
import { tracingFaults } from 'mqtrace';
import { processMessage, type TraceAmqplibOptions, traceChannel, traceConnection } from 'mqtrace/amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFaultyTracing, type Fault, faults, type FaultyTracing } from '../../test-support/faulty-tracing.ts';
import { uniqueName } from '../../test-support/inputs.ts';
import { type ChannelOf, Client, type ConnectionOf } from './clients.ts';
import { useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
let tracing: FaultyTracing;
beforeAll(() => {
  tracing = createFaultyTracing();
});
afterAll(() => tracing.use(undefined));

const idPattern = /-[\da-f]{8}-[\da-f-]{27}/g;

/** What the application sees, in order, with queue names that are the same in every run. */
class Seen {
  readonly lines: string[] = [];

  note(what: string, value?: unknown): void {
    this.lines.push(`${what}: ${String(value)}`.replaceAll(idPattern, ''));
  }

  async outcome(what: string, call: () => unknown): Promise<void> {
    try {
      const value = await call();
      this.note(what, typeof value === 'object' && value !== null ? Object.keys(value).join() : value);
    } catch (error) {
      this.note(what, error);
    }
  }
}

const text = (message: ConsumeMessage): string => message.content.toString();
const body = (value: string): Buffer => Buffer.from(value);

const clients = [new Client('amqplib', 'promises'), new Client('amqplib', 'callbacks')];

/**
 * Publishes, confirms, consumes, gets and settles messages of each kind, on connections, channels and queues of its own, with promises
 * and with callbacks.
 */
async function run(wrap: boolean, breakIt: () => void): Promise<string[][]> {
  const seen = clients.map(() => new Seen());
  const connections = await Promise.all(clients.map((client) => client.connect(rabbit.url)));
  for (const connection of wrap ? connections : []) traceConnection(connection, tracing.options as TraceAmqplibOptions);
  breakIt();
  try {
    await Promise.all(clients.map((client, at) => useAll(client, connections[at]!, seen[at]!)));
  } finally {
    tracing.use(undefined);
    await Promise.all(clients.map((client, at) => client.reply(connections[at]!, 'close')));
  }
  return seen.map(({ lines }) => lines);
}

async function useAll(client: Client, connection: ConnectionOf, seen: Seen): Promise<void> {
  connection.on('error', (error) => seen.note('connection', error));
  await publishing(client, connection, seen);
  await consuming(client, connection, seen);
  await pulling(client, connection, seen);
  await failing(client, connection, seen);
}

async function publishing(client: Client, connection: ConnectionOf, seen: Seen): Promise<void> {
  const channel = await client.confirmChannel(connection);
  channel.on('return', (message) => seen.note('returned', text(message as ConsumeMessage)));
  const queue = await rabbit.queue();
  const full = await rabbit.queue({ arguments: { 'x-overflow': 'reject-publish' }, maxLength: 0 });
  const confirmed: Promise<void>[] = [];
  const publish = (what: string, ...args: unknown[]): Promise<void> => {
    const done = withResolvers<void>();
    return seen.outcome(`publish ${what}`, () => {
      const result: unknown = Reflect.apply(Reflect.get(channel, 'publish'), channel, [
        ...args,
        (...given: unknown[]) => {
          seen.note(`confirm ${what}`, given);
          done.resolve();
        },
      ]);
      confirmed.push(done.promise);
      return result;
    });
  };
  const headers = Object.freeze({ own: 'x' });
  await publish('1', '', queue, body('1'), Object.freeze({ headers, messageId: 'm', correlationId: 'c' }));
  await Promise.all(confirmed);
  await publish('2', '', full, body('2'), {});
  await Promise.all(confirmed);
  await publish('3', 'amq.direct', uniqueName('nowhere'), body('3'), { mandatory: true });
  await Promise.all(confirmed);
  await publish('no buffer', '', queue, 'text', undefined);
  await publish('headers that are a number', '', queue, body('4'), { headers: 7 });
  await seen.outcome('sendToQueue', () => channel.sendToQueue(queue, body('5')));
  await seen.outcome('waitForConfirms', () => client.reply(channel, 'waitForConfirms'));
  const sent = [await rabbit.read(queue), await rabbit.read(queue)];
  for (const { content, properties } of sent) {
    seen.note(`sent ${content.toString()}`, `${String(properties.headers?.['own'])} ${String(properties.messageId)}`);
  }
  await seen.outcome('close', () => client.reply(channel, 'close'));
  await seen.outcome('publish on a closed channel', () => channel.sendToQueue(queue, body('6')));
}

/** How many messages a queue holds, once what was given back by a closed channel has had time to return: the count has come to rest. */
async function messagesLeft(queue: string): Promise<number> {
  let count = -1;
  for (let equal = 0; equal < 4;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { messageCount } = await rabbit.looker.checkQueue(queue);
    equal = messageCount === count ? equal + 1 : 0;
    count = messageCount;
  }
  return count;
}

/** A consumer whose messages are handed over one by one. */
async function consumer(client: Client, channel: ChannelOf, values: string[], options = {}) {
  const queue = await rabbit.queue();
  const all = withResolvers<ConsumeMessage[]>();
  const messages: ConsumeMessage[] = [];
  for (const value of values) channel.sendToQueue(queue, body(value));
  await client.consume(
    channel,
    queue,
    (message) => void (messages.push(message) === values.length && all.resolve(messages)),
    options,
  );
  return { queue, messages: await all.promise };
}

async function consuming(client: Client, connection: ConnectionOf, seen: Seen): Promise<void> {
  const channel = await client.channel(connection);
  const name = uniqueName('exclusive');
  await seen.outcome('assertQueue', () => client.reply(channel, 'assertQueue', name, { exclusive: true }));
  const queue = await rabbit.queue();
  const handled = withResolvers<void>();
  let requeued = false;
  await seen.outcome('consume', () =>
    client.consume(channel, queue, (message) => {
      seen.note('handled', `${text(message)} ${message.fields.redelivered}`);
      if (text(message) === '2' && !requeued) {
        requeued = true;
        seen.note('nack', channel.nack(message) === undefined || 'this');
        return undefined;
      }
      channel.ack(message);
      if (text(message) === '3') return Promise.resolve();
      if (message.fields.redelivered) handled.resolve();
      return 'ignored';
    }),
  );
  // Sent only now: whether a first message or the reply to consume comes first is not decided by tracing.
  for (const value of ['1', '2', '3']) channel.sendToQueue(queue, body(value));
  await handled.promise;
  const { messages, queue: other } = await consumer(client, channel, ['a', 'b', 'c', 'd', 'e']);
  channel.ack(messages[1]!, true);
  channel.reject(messages[3]!, false);
  channel.nackAll(false);
  const more = await consumer(client, channel, ['f', 'g']);
  channel.ackAll();
  const unasked = await consumer(client, channel, ['h'], { noAck: true });
  await seen.outcome('processMessage', () => processMessage(unasked.messages[0]!, (message) => text(message)));
  await seen.outcome('processMessage', () => processMessage(unasked.messages[0]!, async () => 'later'));
  await seen.outcome('processMessage', () => {
    return processMessage(unasked.messages[0]!, () => Promise.reject(new RangeError('no')));
  });
  await seen.outcome('processMessage', () => {
    return processMessage(unasked.messages[0]!, () => {
      throw new RangeError('thrown');
    });
  });
  await seen.outcome('ack of nothing', () => Reflect.apply(Reflect.get(channel, 'ack'), channel, []));
  await seen.outcome('recover', () => client.reply(channel, 'recover'));
  await seen.outcome('close', () => client.reply(channel, 'close'));
  for (const settled of [queue, other, more.queue, unasked.queue]) {
    seen.note('left', await messagesLeft(settled));
  }
}

async function pulling(client: Client, connection: ConnectionOf, seen: Seen): Promise<void> {
  const channel = await client.channel(connection);
  const queue = await rabbit.queue();
  await seen.outcome('get nothing', () => client.get(channel, queue));
  channel.sendToQueue(queue, body('1'));
  await client.reply(channel, 'checkQueue', queue);
  const message = await client.get(channel, queue);
  seen.note('got', message && text(message));
  channel.on('error', (error) => seen.note('channel', error));
  await seen.outcome('get of no queue', () => client.get(channel, 'no-such-queue'));
  await seen.outcome('get on a closed channel', () => client.get(channel, queue));
}

async function failing(client: Client, connection: ConnectionOf, seen: Seen): Promise<void> {
  const channel = await client.channel(connection);
  const queue = await rabbit.queue();
  const closed = withResolvers<void>();
  channel.on('error', (error) => seen.note('channel', error));
  channel.on('close', closed.resolve);
  channel.sendToQueue(queue, body('1'));
  await client.consume(channel, queue, () => {
    throw new Error('the handler fails');
  });
  await closed.promise;
  seen.note('left', await messagesLeft(queue));
}

describe('with each part of tracing broken, amqplib does as it does without mqtrace', () => {
  let raw: string[][];
  beforeAll(async () => {
    raw = await run(false, () => undefined);
  });

  test('which is to publish, confirm, handle, settle and fail', () => {
    for (const lines of raw) {
      expect(lines).toContain('confirm 2: Error: message nacked');
      expect(lines).toContain('handled: 2 true');
      expect(lines).toContain('got: 1');
      expect(lines).toContain('channel: Error: the handler fails');
      expect(lines.filter((line) => line === 'left: 0')).toHaveLength(4);
    }
  });

  test('nothing broken', async () => {
    const before = tracingFaults();
    expect(await run(true, () => undefined)).toStrictEqual(raw);
    expect(tracingFaults() - before).toBe(0);
  });

  test.each(faults)('$part $way', async (fault: Fault) => {
    const before = tracingFaults();
    expect(await run(true, () => tracing.use(fault))).toStrictEqual(raw);
    expect(tracingFaults() - before).toBeGreaterThan(0);
  });
});

test.each(['throws', 'undefined', 'null'])(
  'a provider whose getTracer gives %s does not keep a channel from being wrapped',
  async (way) => {
    const before = tracingFaults();
    const tracerProvider = {
      getTracer: (): never => {
        if (way === 'throws') throw new Error('getTracer is broken');
        return (way === 'null' ? null : undefined) as never;
      },
    };
    const channel = traceChannel(await rabbit.raw.createChannel(), { tracerProvider });
    const queue = await rabbit.queue();
    expect(channel.sendToQueue(queue, body('1'))).toBe(true);
    expect((await rabbit.read(queue)).content.toString()).toBe('1');
    expect(tracingFaults()).toBeGreaterThan(before);
    await channel.close();
  },
);
