// Tests wrapping too late: earlier objects are not traced, and one warning says so.
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { type ChannelModel, type ConfirmChannel, connect, type RecoveringChannelModel } from 'amqplib';
import { traceChannel, traceConnection } from 'mqtrace/amqplib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useRabbitMQ } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const options = { tracerProvider: recording.tracerProvider };
const body = Buffer.from('hello');
const warn = vi.fn<(message: string) => void>();

beforeEach(() => {
  warn.mockClear();
  diag.setLogger({ warn, error: warn, info: warn, debug: warn, verbose: warn }, DiagLogLevel.WARN);
});
afterEach(() => diag.disable());

test('no warning when wrapped in time: a new connection, one whose channels are traced, one that recovers', async () => {
  const connection = await connect(rabbit.url);
  traceChannel(await connection.createChannel(), options);
  traceConnection(connection, options);
  const recovering: RecoveringChannelModel = await connect(rabbit.url, {
    recovery: {
      setup: async (model: ChannelModel) => void (await traceConnection(model, options).createChannel()),
    },
  });
  traceConnection(recovering, options);
  expect(warn).not.toHaveBeenCalled();
  await connection.close();
  await recovering.close();
});

test('traceConnection after channels were created warns once; channels created later are traced', async () => {
  const early: ConfirmChannel[] = [];
  const setup = async (model: ChannelModel): Promise<void> => {
    early.push(await model.createConfirmChannel(), await model.createConfirmChannel());
  };
  const recovering: RecoveringChannelModel = await connect(rabbit.url, { recovery: { setup } });
  const plain = await connect(rabbit.url);
  await setup(plain);
  for (const connection of [recovering, plain]) {
    traceConnection(connection, options);
    (await connection.createChannel()).sendToQueue('later', body);
  }
  for (const channel of early) channel.sendToQueue('early', body);
  expect(warn).toHaveBeenCalledOnce();
  expect(warn.mock.calls[0]?.[0]).toMatch(/traceConnection .* 2 open channels; .* in setup/);
  expect(recording.spans().map(({ name }) => name)).toEqual(['publish later', 'publish later']);
  await recovering.close();
  await plain.close();
});

test('traceChannel after consume() warns once', async () => {
  for (let at = 0; at < 2; at++) {
    const channel = await rabbit.raw.createChannel();
    await channel.consume(await rabbit.queue(), () => {});
    traceChannel(channel, options);
    await channel.close();
  }
  expect(warn).toHaveBeenCalledOnce();
  expect(warn.mock.calls[0]?.[0]).toContain('before consume()');
});

test('a confirm channel traced after it had published: later spans end with their own confirms', async () => {
  const channel = await rabbit.raw.createConfirmChannel();
  for (let sent = 0; sent < 3; sent++) channel.sendToQueue('nowhere', body);
  traceChannel(channel, options);
  const full = await rabbit.queue({ arguments: { 'x-overflow': 'reject-publish' }, maxLength: 0 });
  channel.sendToQueue('nowhere', body);
  channel.sendToQueue(full, body);
  await expect(channel.waitForConfirms()).rejects.toThrow('message nacked');
  await vi.waitFor(() => expect(recording.open()).toEqual([]));
  expect(recording.span('publish nowhere').status.code).toBe(0);
  expect(recording.span(`publish ${full}`).attributes['error.type']).toBe('nack');
  await channel.close();
});
