import { randomBytes } from 'node:crypto';
import { type Channel, type ChannelModel, connect, type ConfirmChannel } from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ManagedRabbitmq, startManagedRabbitmq } from '../brokers/index.ts';
import { doctor, interrupted } from './cli.ts';

let broker: { at: ManagedRabbitmq; stop: () => Promise<void> };
let connection: ChannelModel;
let channel: ConfirmChannel;
const secret = 'hunter2';
const options = (...args: string[]): string[] => [
  '--amqp',
  broker.at.amqpUrl,
  '--amqp-management',
  broker.at.managementUrl,
  ...args,
];

beforeAll(async () => {
  broker = await startManagedRabbitmq();
  connection = await connect(broker.at.amqpUrl);
  channel = await connection.createConfirmChannel();
  await channel.assertExchange('shop', 'topic');
  await channel.assertQueue('orders');
  await channel.bindQueue('orders', 'shop', 'order.*');
  await channel.assertQueue('direct');
  await channel.assertQueue('quorum', { arguments: { 'x-queue-type': 'quorum' } });
  await channel.bindQueue('quorum', 'shop', 'quorum.*');
  await channel.assertQueue('stream', { arguments: { 'x-queue-type': 'stream' } });
});
afterAll(async () => {
  await connection?.close();
  await broker?.stop();
});

const headersOf = (at: number): Record<string, unknown> =>
  at % 5 === 0
    ? { password: secret }
    : { traceparent: `00-0af7651916cd43dd8448eb211c80319c-${randomBytes(8).toString('hex')}-01` };

function publish(exchange: string, key: string, count: number): Promise<void> {
  for (let at = 0; at < count; at++)
    channel.publish(exchange, key, Buffer.from(secret), { headers: headersOf(at), mandatory: true });
  return channel.waitForConfirms();
}

/** The queues of the broker, from its management API. */
async function queues(): Promise<string[]> {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const response = await fetch(`${broker.at.managementUrl}/api/queues`, { headers: { authorization } });
  return ((await response.json()) as { name: string }[]).map(({ name }) => name).toSorted();
}
const mine = ['direct', 'orders', 'quorum', 'stream'];
const isOpen = async (): Promise<boolean> => (await queues()).length > mine.length;

async function untilOpen(): Promise<void> {
  while (!(await isOpen())) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function taken(from: Channel, queue: string): Promise<boolean[]> {
  const redelivered: boolean[] = [];
  for (;;) {
    const message = await from.get(queue, { noAck: true });
    if (message === false) return redelivered;
    redelivered.push(message.fields.redelivered);
  }
}

test('copies of new messages are inspected; the queue keeps its messages, and unroutable messages stay unroutable', async () => {
  const returned: string[] = [];
  channel.on('return', ({ fields }: { fields: { routingKey: string } }) => returned.push(fields.routingKey));
  const asked = doctor(...options('--queue', 'orders', '--count', '10', '--wait', '30'));
  await untilOpen();
  await publish('shop', 'order.new', 10);
  await publish('shop', 'invoice.new', 2);
  const { findings, messages, text } = await asked;
  expect(messages).toHaveLength(10);
  expect(findings.map(({ what }) => what)).toEqual([
    expect.stringContaining('2 of 10 messages carry no trace context'),
  ]);
  expect(text).not.toContain(secret);
  expect(returned).toEqual(['invoice.new', 'invoice.new']);
  expect(await queues()).toEqual(mine);
  expect(await taken(channel, 'orders')).toEqual(Array.from({ length: 10 }, () => false));
});

test('a quorum queue is inspected with copies, never with --peek-queue', async () => {
  const asked = doctor(...options('--queue', 'quorum', '--count', '5', '--wait', '30'));
  await untilOpen();
  await publish('shop', 'quorum.new', 5);
  expect((await asked).checks).toEqual(['no-context']);
  const { checks, findings } = await doctor(...options('--queue', 'quorum', '--peek-queue'));
  expect(checks).toEqual(['not-looked-at']);
  expect(findings[0]!.what).toContain('is a quorum queue, for which each get counts towards the delivery limit');
  expect(await taken(channel, 'quorum')).toEqual(Array.from({ length: 5 }, () => false));
});

test('a queue that only the default exchange reaches is rejected with the reason; --peek-queue returns the messages it gets', async () => {
  await publish('', 'direct', 10);
  const { checks, findings } = await doctor(...options('--queue', 'direct'));
  expect(checks).toEqual(['not-looked-at']);
  expect(findings[0]!.what).toContain('is not bound to an exchange');
  const peeked = await doctor(...options('--queue', 'direct', '--peek-queue', '--count', '4'));
  expect(peeked.findings.map(({ what }) => what)).toEqual([
    expect.stringContaining('1 of 4 messages carry no trace context'),
  ]);
  const redelivered = await taken(channel, 'direct');
  expect([redelivered.length, redelivered.filter(Boolean).length]).toEqual([10, 4]);
});

test('a stream is read by offset, repeatedly', async () => {
  await publish('', 'stream', 10);
  for (let times = 0; times < 2; times++) {
    const { checks, messages } = await doctor(...options('--queue', 'stream', '--count', '8', '--wait', '20'));
    expect(checks).toEqual(['no-context']);
    expect(messages).toHaveLength(8);
  }
});

test('without the management API it reports what is missing, and how to enable it', async () => {
  const { findings } = await doctor(
    '--amqp',
    broker.at.amqpUrl,
    '--amqp-management',
    'http://127.0.0.1:1',
    '--queue',
    'orders',
  );
  expect(findings.map(({ check, mend }) => [check, mend])).toEqual([
    ['not-looked-at', expect.stringContaining('rabbitmq-plugins enable rabbitmq_management')],
  ]);
});

test('a queue that does not exist is reported, and not created', async () => {
  expect((await doctor(...options('--queue', 'nothing'))).checks).toEqual(['not-looked-at']);
  expect(await queues()).toEqual(mine);
});

test('Ctrl-C while it waits for messages leaves no queue behind', async () => {
  const code = await interrupted(options('--queue', 'orders', '--wait', '60'), isOpen);
  expect(code).toBe(130);
  while (await isOpen()) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await queues()).toEqual(mine);
});
