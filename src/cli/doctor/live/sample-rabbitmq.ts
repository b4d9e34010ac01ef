// Reads messages of a RabbitMQ queue without consuming them.
import { randomBytes } from 'node:crypto';
import { MqtraceError } from '../../../common/errors.ts';
import { projectClient } from './project-client.ts';
import { type Binding, Management } from './rabbitmq-management.ts';
import { abortable, type LiveOptions, pause, type Sample, type Samples } from './sample.ts';

export interface RabbitmqOptions extends LiveOptions {
  url: string;
  queue: string;
  /** Address of the management API; default: the usual port of the same host. */
  management: string | undefined;
  /** Get and requeue, which marks messages as redelivered. */
  peek: boolean;
  /** Called when it waits for new messages. */
  onWait: (seconds: number) => void;
}

interface Message {
  content: Buffer;
  properties: { headers?: Record<string, unknown>; timestamp?: unknown };
}
/** The parts of amqplib that are used. */
interface Channel {
  on(event: 'error', listener: (error: Error) => void): void;
  assertQueue(name: string, options: object): Promise<{ queue: string }>;
  bindQueue(queue: string, exchange: string, key: string, args: object): Promise<unknown>;
  consume(queue: string, handler: (message: Message | null) => void, options: object): Promise<{ consumerTag: string }>;
  cancel(consumerTag: string): Promise<unknown>;
  prefetch(count: number): Promise<unknown>;
  get(queue: string, options: object): Promise<Message | false>;
  ack(message: Message): void;
  nackAll(requeue: boolean): void;
  close(): Promise<void>;
}
interface Connection {
  on(event: 'error', listener: () => void): void;
  createChannel(): Promise<Channel>;
  close(): Promise<void>;
  connection?: { frameMax?: number };
}

/**
 * Types of exchanges for which an additional queue does not affect the others. An exchange that distributes messages over its
 * queues would send some of them to this one.
 */
const copyingExchanges = new Set(['direct', 'fanout', 'topic', 'headers']);

/** @throws MqtraceError if the queue cannot be read without changing something. */
export async function sampleRabbitmq(options: RabbitmqOptions): Promise<Samples> {
  const { connect } = projectClient(options.project, 'amqplib') as { connect: (url: string) => Promise<Connection> };
  const { signal, queue } = options;
  let connection: Connection | undefined;
  try {
    const management = new Management(options.url, options.management, signal);
    const { type } = await management.queue(queue);
    if (type === 'quorum' && options.peek) throw refusedPeek(queue);
    connection = await connect(options.url);
    connection.on('error', () => {});
    const channel = await connection.createChannel();
    const failed = new Promise<never>((_, reject) => channel.on('error', reject));
    failed.catch(() => {});
    const read =
      type === 'stream'
        ? readStream(channel, options)
        : options.peek
          ? peek(channel, options)
          : copy(channel, management, options);
    const messages = await abortable(Promise.race([read, failed]), signal);
    const samples = messages.map(sampleOf);
    return { system: 'rabbitmq', destination: queue, samples, limit: connection.connection?.frameMax };
  } catch (error) {
    if (error instanceof MqtraceError || signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MqtraceError('INVALID_STATE', `--amqp ${new URL(options.url).host}: ${reason}`, { cause: error });
  } finally {
    // An exclusive queue is deleted with its connection, and unacknowledged messages return to their queue.
    await connection?.close().catch(() => {});
  }
}

function refusedPeek(queue: string): MqtraceError {
  return new MqtraceError(
    'INVALID_OPTION',
    `--peek-queue: ${JSON.stringify(queue)} is a quorum queue, for which each get counts towards the delivery limit: beyond the limit a message is dropped or dead-lettered. Omit --peek-queue to read copies of new messages.`,
  );
}

/** Reads copies of new messages from an exclusive queue with the bindings of the queue. */
async function copy(channel: Channel, management: Management, options: RabbitmqOptions): Promise<Message[]> {
  const { queue, count } = options;
  const bindings = await usableBindings(management, queue);
  const { queue: own } = await channel.assertQueue('', {
    exclusive: true,
    autoDelete: true,
    durable: false,
    // Bounded, without ever blocking a publisher. Overflowing messages are dropped, even with a policy that dead-letters every
    // queue.
    arguments: {
      'x-max-length': count * 2,
      'x-max-length-bytes': 2 ** 24,
      'x-overflow': 'drop-head',
      'x-dead-letter-exchange': `mqtrace-doctor-${randomBytes(8).toString('hex')}`,
    },
  });
  for (const { source, routing_key: key, arguments: args } of bindings) await channel.bindQueue(own, source, key, args);
  options.onWait(options.waitMs / 1000);
  return collect(channel, own, { noAck: true, exclusive: true }, options);
}

/** The bindings that can be added without affecting other queues. @throws MqtraceError if there are none. */
export async function usableBindings(
  management: Pick<Management, 'bindings' | 'exchangeType'>,
  queue: string,
): Promise<Binding[]> {
  const bindings = (await management.bindings(queue)).filter(({ source }) => source !== '');
  const usable: Binding[] = [];
  const types = new Map<string, string>();
  for (const binding of bindings) {
    const { source } = binding;
    if (!types.has(source)) types.set(source, await management.exchangeType(source));
    if (copyingExchanges.has(types.get(source)!)) usable.push(binding);
  }
  if (usable.length > 0) return usable;
  const [[exchange, type] = ['', '']] = types;
  throw new MqtraceError(
    'INVALID_OPTION',
    bindings.length === 0
      ? `--queue: ${JSON.stringify(queue)} is not bound to an exchange: messages reach it by the default exchange, which does not copy messages. --peek-queue reads the messages themselves; it marks them as redelivered, and is rejected for quorum queues.`
      : `--queue: ${JSON.stringify(queue)} is bound to ${exchange}, of type ${type}: an additional queue would take messages from the others. --peek-queue reads the messages themselves; it marks them as redelivered, and is rejected for quorum queues.`,
  );
}

/** How long to wait for the next message of the same chunk of a stream. */
const quietMs = 300;

/** Reads the newest messages of a stream, by offset: a stream keeps its messages. */
async function readStream(channel: Channel, options: RabbitmqOptions): Promise<Message[]> {
  const { queue, count } = options;
  await channel.prefetch(count);
  const read = (offset: string | number, count: number): Promise<Message[]> =>
    collect(channel, queue, { noAck: false, arguments: { 'x-stream-offset': offset } }, { ...options, count, quietMs });
  // "last" is the last chunk, with one or many messages: its offset determines where to begin reading.
  const chunk = await read('last', count);
  const last = Number(chunk.at(-1)?.properties.headers?.['x-stream-offset']);
  if (chunk.length === count || !(last >= chunk.length)) return chunk;
  const from = Math.max(0, last - count + 1);
  return read(from, last - from + 1);
}

async function collect(
  channel: Channel,
  queue: string,
  consumeOptions: { noAck: boolean; exclusive?: boolean; arguments?: object },
  { count, waitMs, signal, quietMs }: RabbitmqOptions & { quietMs?: number },
): Promise<Message[]> {
  const messages: Message[] = [];
  const enough = new AbortController();
  let quiet: NodeJS.Timeout | undefined;
  const handler = (message: Message | null): void => {
    if (message === null || messages.length >= count) return;
    messages.push(message);
    if (!consumeOptions.noAck) channel.ack(message);
    clearTimeout(quiet);
    if (messages.length >= count) enough.abort();
    else if (quietMs !== undefined) quiet = setTimeout(() => enough.abort(), quietMs);
  };
  const { consumerTag } = await channel.consume(queue, handler, consumeOptions);
  await pause(waitMs, AbortSignal.any([enough.signal, signal]));
  clearTimeout(quiet);
  await channel.cancel(consumerTag);
  return messages;
}

/** Gets messages and puts them back, which marks them as redelivered. */
async function peek(channel: Channel, { queue, count, signal }: RabbitmqOptions): Promise<Message[]> {
  const messages: Message[] = [];
  while (messages.length < count && !signal.aborted) {
    const message = await channel.get(queue, { noAck: false });
    if (message === false) break;
    messages.push(message);
  }
  if (messages.length > 0) channel.nackAll(true);
  await channel.close();
  return messages;
}

function sampleOf({ content, properties }: Message, at: number): Sample {
  const seconds = typeof properties.timestamp === 'number' ? properties.timestamp : Number.NaN;
  return {
    at: `message ${at + 1}`,
    message: { fields: {}, properties: { headers: properties.headers ?? {} } },
    // Some writers use milliseconds, although AMQP specifies seconds.
    time: seconds > 0 ? (seconds > 1e11 ? seconds : seconds * 1000) : undefined,
    bytes: content.length,
  };
}
