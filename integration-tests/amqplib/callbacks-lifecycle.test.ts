import { promisify } from 'node:util';
import {
  type Channel,
  type ConfirmChannel,
  connect,
  type Connection,
  type ConsumeMessage,
  type RecoveringConnection,
} from 'amqplib/callback_api';
import { traceConnection } from 'mqtrace/amqplib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { channelOf, confirmChannelOf, reply } from './callback-clients.ts';
import { useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const options = { tracerProvider: recording.tracerProvider };
const body = Buffer.from('hello');
const open = (): Promise<Connection> => promisify<string, Connection>(connect)(rabbit.url);

let traced: Connection;
beforeAll(async () => {
  traced = traceConnection(await open(), options);
});
afterAll(() => new Promise<void>((done) => traced.close(() => done())));

test('recover() ends the spans of the messages it returns to the queue, with and without a callback', async () => {
  for (const withCallback of [true, false]) {
    const channel = await channelOf(traced);
    const queue = await rabbit.queue();
    const messages: ConsumeMessage[] = [];
    await reply((done) => channel.consume(queue, (message) => messages.push(message!), {}, done));
    for (let sent = 0; sent < 2; sent++) rabbit.looker.sendToQueue(queue, body);
    await vi.waitFor(() => expect(messages).toHaveLength(2));
    if (withCallback) await reply((done) => channel.recover(done));
    else channel.recover();
    await vi.waitFor(() => expect(messages).toHaveLength(4));
    expect(recording.open()).toHaveLength(2);
    channel.ackAll();
    expect(recording.open()).toEqual([]);
    await reply((done) => channel.close(done));
  }
});

test('a connection with recovery: channels created in setup() and by the connection are traced, before and after a recovery', async () => {
  const recovery = {
    initialDelay: 1,
    setup(model: Connection, done: (error?: Error) => void) {
      traceConnection(model, options).createChannel((error, channel) => {
        channel?.sendToQueue('setup', body);
        done(error ?? undefined);
      });
    },
  };
  const connection = await new Promise<RecoveringConnection>((resolve, reject) => {
    connect(rabbit.url, { recovery }, (error, made) => (error ? reject(error) : resolve(made)));
  });
  expect(traceConnection(connection, options)).toBe(connection);
  connection.on('error', () => {});
  const channel = await reply<Channel>((done) => connection.createChannel(done));
  channel.sendToQueue('before', body);
  const again = withResolvers<Connection>();
  connection.once('connect', again.resolve);
  const { stream } = channel.connection as unknown as { stream: { destroy(error: Error): void } };
  stream.destroy(new Error('gone'));
  const model = await again.promise;
  (await reply<ConfirmChannel>((done) => connection.createConfirmChannel({}, done))).sendToQueue('after', body);
  (await channelOf(model)).sendToQueue('model', body);
  await reply((done) => connection.close(done));
  const names = recording.spans().map(({ name }) => name);
  expect(names.toSorted()).toEqual([
    'publish after',
    'publish before',
    'publish model',
    'publish setup',
    'publish setup',
  ]);
});

test('when the connection ends, the open spans of its channels end', async () => {
  const connection = traceConnection(await open(), options);
  const channel = await confirmChannelOf(connection);
  const queue = await rabbit.queue();
  const arrived = withResolvers<void>();
  await reply((done) => channel.consume(queue, () => arrived.resolve(), {}, done));
  rabbit.looker.sendToQueue(queue, body);
  await arrived.promise;
  expect(recording.open()).toEqual([`process ${queue}`]);
  await reply((done) => connection.close(done));
  expect(recording.open()).toEqual([]);
});
