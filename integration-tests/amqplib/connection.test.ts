import { inspect } from 'node:util';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { type ChannelModel, connect, type RecoveringChannelModel } from 'amqplib';
import { MqtraceError } from 'mqtrace';
import { type TraceAmqplibOptions, traceChannel, traceConnection } from 'mqtrace/amqplib';
import { expect, test, vi } from 'vitest';
import { failure } from '../../test-support/inputs.ts';
import { useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const options = { tracerProvider: recording.tracerProvider };
const body = Buffer.from('hello');

test('a traced connection and its channels are the same objects and look unchanged', async () => {
  const connection = await connect(rabbit.url);
  const keys = Object.keys(connection);
  expect(traceConnection(connection, options)).toBe(connection);
  expect(Object.keys(connection)).toEqual(keys);
  const plain = await connect(rabbit.url);
  const [raw, channel] = [await plain.createConfirmChannel(), await connection.createConfirmChannel()];
  expect(Object.keys(channel)).toEqual(Object.keys(raw));
  expect(inspect(channel, { depth: 0 })).toBe(inspect(raw, { depth: 0 }));
  for (const event of [...raw.eventNames(), 'error', 'close']) {
    expect(channel.listenerCount(event)).toBe(raw.listenerCount(event));
  }
  for (const method of ['publish', 'sendToQueue', 'consume', 'get', 'ack', 'nack', 'reject', 'emit'] as const) {
    expect([channel[method].name, channel[method].length]).toEqual([raw[method].name, raw[method].length]);
  }
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf(raw)) as object;
  expect(Object.hasOwn(raw, 'publish')).toBe(false);
  expect(Object.hasOwn(prototype, 'publish')).toBe(true);
  await connection.close();
  await plain.close();
});

test('an object that is already traced is not wrapped again; different options cause a warning', async () => {
  const warn = vi.fn<() => void>();
  diag.setLogger({ warn, error: warn, info: warn, debug: warn, verbose: warn }, DiagLogLevel.WARN);
  const channel = await rabbit.traced.createChannel();
  expect(traceChannel(channel)).toBe(channel);
  expect(traceConnection(rabbit.traced, options)).toBe(rabbit.traced);
  expect(warn).not.toHaveBeenCalled();
  traceChannel(channel, { parenting: 'link' });
  expect(warn).toHaveBeenCalledOnce();
  diag.disable();
  channel.sendToQueue('nowhere', body);
  expect(recording.spans()).toHaveLength(1);
});

test('a single channel can be traced', async () => {
  const channel = traceChannel(await rabbit.raw.createChannel(), options);
  channel.sendToQueue('nowhere', body);
  expect(recording.spans().map(({ name }) => name)).toEqual(['publish nowhere']);
  await channel.close();
});

test('the options can set the server’s address', async () => {
  const server = { address: 'rabbit.example', port: 5672 };
  const channel = traceChannel(await rabbit.raw.createChannel(), { ...options, server });
  channel.sendToQueue('nowhere', body);
  expect(recording.spans()[0]?.attributes).toMatchObject({
    'server.address': 'rabbit.example',
    'server.port': 5672,
    'network.peer.port': Number(new URL(rabbit.url).port),
  });
  await channel.close();
});

test('a server that was given by name is recorded by name', async () => {
  const url = new URL(rabbit.url);
  url.hostname = 'localhost';
  const connection = traceConnection(await connect({ hostname: 'localhost', port: Number(url.port) }), options);
  const channel = await connection.createChannel();
  channel.sendToQueue('nowhere', body);
  expect(recording.spans()[0]?.attributes['server.address']).toBe('localhost');
  await connection.close();
});

test.each<[string, unknown]>([
  ['an unknown option', { sever: { address: 'a' } }],
  ['a server without an address', { server: { port: 1 } }],
  ['a server that is a string', { server: 'localhost' }],
  ['a port that is no number', { server: { address: 'a', port: '5672' } }],
  ['a port below 1', { server: { address: 'a', port: -1 } }],
  ['a port of 0', { server: { address: 'a', port: 0 } }],
  ['a port above 65535', { server: { address: 'a', port: 65_536 } }],
  ['a port with a fraction', { server: { address: 'a', port: 1.5 } }],
  ['an empty address', { server: { address: '', port: 1 } }],
  ['an unknown part of the server', { server: { address: 'a', prot: 1 } }],
  ['options that are not an object', 7],
  ['an unknown parenting', { parenting: 'child' }],
])('%s throws an error that says what is expected', async (_, wrong) => {
  for (const wrap of [
    () => traceConnection(rabbit.raw, wrong as TraceAmqplibOptions),
    () => traceChannel(rabbit.looker, wrong as TraceAmqplibOptions),
  ]) {
    const error = await failure(wrap);
    expect(error).toBeInstanceOf(MqtraceError);
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
  }
  expect(Object.hasOwn(rabbit.looker, 'publish')).toBe(false);
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['a promise of a connection', Promise.resolve({})],
  ['another object', {}],
])('%s in place of a client throws', async (_, wrong) => {
  expect(await failure(() => traceConnection(wrong as ChannelModel))).toMatchObject({ code: 'INVALID_CLIENT' });
  expect(await failure(() => traceChannel(wrong as never))).toMatchObject({ code: 'INVALID_CLIENT' });
});

test('a connection with recovery: channels created in setup() and by the connection are traced, before and after a recovery', async () => {
  const channels: string[] = [];
  const connection: RecoveringChannelModel = traceConnection(
    await connect(rabbit.url, {
      recovery: {
        initialDelay: 1,
        async setup(model: ChannelModel) {
          const channel = await traceConnection(model, options).createChannel();
          channel.sendToQueue('setup', body);
          channels.push('setup');
        },
      },
    }),
    options,
  );
  connection.on('error', () => {});
  const channel = await connection.createChannel();
  channel.sendToQueue('before', body);
  const again = withResolvers<ChannelModel>();
  connection.once('connect', again.resolve);
  const { stream } = channel.connection as unknown as { stream: { destroy(error: Error): void } };
  stream.destroy(new Error('gone'));
  const model = await again.promise;
  (await connection.createConfirmChannel()).sendToQueue('after', body);
  (await model.createChannel()).sendToQueue('model', body);
  await connection.close();
  expect(channels).toHaveLength(2);
  const names = recording.spans().map(({ name }) => name);
  expect(names.toSorted()).toEqual([
    'publish after',
    'publish before',
    'publish model',
    'publish setup',
    'publish setup',
  ]);
});

test('the connections that a recovering one opens are traced before setup gets them', async () => {
  const connection = traceConnection(
    await connect(rabbit.url, {
      recovery: {
        initialDelay: 1,
        waitForConnect: false,
        async setup(model: ChannelModel) {
          (await model.createChannel()).sendToQueue('setup', body);
        },
      },
    }),
    options,
  );
  connection.on('error', () => {});
  const channel = await connection.createChannel();
  const again = withResolvers<ChannelModel>();
  connection.once('connect', again.resolve);
  const { stream } = channel.connection as unknown as { stream: { destroy(error: Error): void } };
  stream.destroy(new Error('gone'));
  await again.promise;
  await connection.close();
  expect(recording.spans().map(({ name }) => name)).toEqual(['publish setup', 'publish setup']);
});

test('the model of a connect event is traced, even if setup() did not wrap it', async () => {
  const connection = traceConnection(
    await connect(rabbit.url, { recovery: { initialDelay: 1, waitForConnect: false } }),
    options,
  );
  const connected = withResolvers<ChannelModel>();
  connection.on('connect', connected.resolve);
  const channel = await (await connected.promise).createChannel();
  channel.sendToQueue('model', body);
  expect(recording.spans().map(({ name }) => name)).toEqual(['publish model']);
  await connection.close();
});
