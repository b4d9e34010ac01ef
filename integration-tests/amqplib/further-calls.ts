// Calls of amqplib that none of the contract's shapes uses.
import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { processMessage } from 'mqtrace/amqplib';
import type { ChannelOf, Client, ConnectionOf } from './clients.ts';
import { withResolvers } from './rabbitmq.ts';
import { processMessageCalls } from '../../test-support/wrapper-contract/process-message-calls.ts';

const body = (value: string): Buffer => Buffer.from(value);
const text = (message: { content: Buffer } | false): string | false => message && message.content.toString();

/** On separate channels, because the broker closes some of them. */
export function furtherCalls(
  client: Client,
  connection: ConnectionOf,
  queue: string,
  isTraced: boolean,
): Record<string, () => unknown> {
  const on =
    (use: (channel: Channel) => Promise<unknown>): (() => Promise<unknown>) =>
    async () => {
      const channel = await client.channel(connection);
      channel.on('error', () => {});
      const result = await use(channel);
      await client.reply(channel, 'close').catch(() => {});
      return result;
    };
  const onConfirms =
    (use: (channel: ConfirmChannel) => Promise<unknown>): (() => Promise<unknown>) =>
    async () => {
      const channel = await client.confirmChannel(connection);
      const result = await use(channel);
      await client.reply(channel, 'close');
      return result;
    };
  const message = { fields: { deliveryTag: 1, exchange: '', routingKey: queue, redelivered: false }, properties: {} };
  const process = <R>(fn: () => R): R => (isTraced ? processMessage(message, fn) : fn());
  return {
    'an exclusive queue': on((channel) => client.reply(channel, 'assertQueue', `${queue}-mine`, { exclusive: true })),
    'a get from an empty queue': on((channel) => client.get(channel, queue)),
    'a channel that the broker has closed': on(async (channel) => [
      await client.get(channel, `${queue}-none`).catch(String),
      await client.get(channel, queue).catch(String),
      await new Promise((resolve) => resolve(channel.sendToQueue(queue, body('1')))).catch(String),
    ]),
    'a message that is redelivered': on(async (channel) => {
      channel.sendToQueue(queue, body('1'));
      const first = (await client.get(channel, queue)) as ConsumeMessage;
      channel.nack(first);
      const second = (await client.get(channel, queue)) as ConsumeMessage;
      channel.ack(second);
      return [text(first), text(second), second.fields.redelivered];
    }),
    'messages that are settled in several ways': on(async (channel) => {
      const messages: ConsumeMessage[] = [];
      for (const value of ['1', '2', '3', '4', '5']) {
        channel.sendToQueue(queue, body(value));
        messages.push((await client.get(channel, queue)) as ConsumeMessage);
      }
      channel.ack(messages[1]!, true);
      channel.reject(messages[3]!, false);
      channel.nackAll(false);
      return [await client.reply(channel, 'recover'), await client.get(channel, queue)];
    }),
    'messages that are recovered': on(async (channel) => {
      channel.sendToQueue(queue, body('1'));
      const given = text(await client.get(channel, queue));
      await client.reply(channel, 'recover');
      const again = (await client.get(channel, queue)) as ConsumeMessage;
      channel.ackAll();
      return [given, text(again), again.fields.redelivered];
    }),
    'a handler that throws': on(async (channel) => {
      const [failed, closed] = [withResolvers<unknown>(), withResolvers<void>()];
      channel.on('error', failed.resolve).on('close', closed.resolve);
      const consume = handOver(client, channel, queue, () => {
        throw new Error('handler');
      });
      const error = await failed.promise;
      await Promise.all([closed.promise, consume]);
      return String(error);
    }),
    'a message that comes back': onConfirms(async (channel) => {
      const seen: string[] = [];
      channel.on('return', (returned: ConsumeMessage) => seen.push(`returned ${text(returned)}`));
      await confirm(channel, 'amq.direct', `${queue}-none`, { mandatory: true }, seen);
      return seen;
    }),
    'a message that the broker rejects': onConfirms(async (channel) => {
      const seen: string[] = [];
      const full = { exclusive: true, maxLength: 0, arguments: { 'x-overflow': 'reject-publish' } };
      await client.reply(channel, 'assertQueue', `${queue}-full`, full);
      await confirm(channel, '', `${queue}-full`, {}, seen);
      return seen;
    }),
    ...processMessageCalls(process, RangeError),
  };
}

/** Publishes a message with a confirm, and records the confirm. */
function confirm(
  channel: ConfirmChannel,
  exchange: string,
  routingKey: string,
  options: object,
  seen: string[],
): Promise<void> {
  return new Promise((resolve) => {
    channel.publish(exchange, routingKey, body('1'), options, (...given: unknown[]) => {
      seen.push(`confirmed ${given.map(String).join(' ')}`);
      resolve();
    });
  });
}

/** Passes one message to a handler; its channel is closed afterwards. */
async function handOver(client: Client, channel: ChannelOf, queue: string, handler: () => unknown): Promise<void> {
  const own = `${queue}-handler`;
  await client.reply(channel, 'assertQueue', own, { durable: false, autoDelete: true });
  await client.consume(channel, own, handler);
  channel.sendToQueue(own, body('1'));
}
