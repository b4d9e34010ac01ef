// Compares the lag in RabbitMQ and Redis Streams with the brokers' own numbers, under load, and after a broker was killed and
// started again. The brokers are those of this file.
import { type ChannelModel, connect, type ConsumeMessage } from 'amqplib';
import { Redis } from 'ioredis';
import { traceConnection } from 'mqtrace/amqplib';
import { traceRedis } from 'mqtrace/ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { onFreePorts } from '../brokers/ports.ts';
import { provide } from '../brokers/programs.ts';
import { managedRabbitmq, type ManagedRabbitmq } from '../brokers/rabbitmq.ts';
import { startRedisServer } from '../brokers/redis.ts';
import { until } from '../brokers/wait.ts';
import { read } from './reading.ts';

const log = (): void => {};

/** The lag of one destination; undefined if none is reported. */
async function lag(destination: string, name = 'mqtrace.consumer.lag'): Promise<unknown> {
  return Object.values(await read(name, destination))[0];
}

/** Waits until both sources have this number: the management's statistics are seconds old. */
async function bothSay(expected: unknown, ...sources: readonly (() => Promise<unknown>)[]): Promise<void> {
  await until(`${String(expected)} from both`, async () => {
    expect(await Promise.all(sources.map((source) => source()))).toEqual(sources.map(() => expected));
  });
}

async function readyByManagement({ managementUrl }: ManagedRabbitmq, queue: string): Promise<unknown> {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const answer = await fetch(`${managementUrl}/api/queues/%2F/${queue}`, { headers: { authorization } });
  return ((await answer.json()) as { messages_ready?: number }).messages_ready;
}

test('amqplib: as many messages are ready as the management API counts, also after a restart', async () => {
  await provide(managedRabbitmq.programs(), log);
  const broker = await managedRabbitmq.native(log);
  onTestFinished(broker.stop);
  const ready = (): Promise<unknown> => readyByManagement(broker.at, 'orders');
  /** Consumes with at most 25 unsettled messages, which are held. */
  async function consume(): Promise<{ connection: ChannelModel; ack: (count: number) => void }> {
    const connection = traceConnection(await connect(broker.at.amqpUrl), { pollLag: true });
    connection.on('error', () => {});
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    await channel.prefetch(25);
    await channel.assertQueue('orders', { durable: true });
    const held: ConsumeMessage[] = [];
    await channel.consume('orders', (message) => void held.push(message!));
    const ack = (count: number): void => {
      for (const message of held.splice(0, count)) channel.ack(message);
    };
    return { connection, ack };
  }
  async function publish(count: number): Promise<void> {
    const connection = await connect(broker.at.amqpUrl);
    const channel = await connection.createConfirmChannel();
    for (let n = 0; n < count; n++) channel.sendToQueue('orders', Buffer.from(`${n}`), { persistent: true });
    await channel.waitForConfirms();
    await connection.close();
  }

  const first = await consume();
  await publish(200);
  await bothSay(175, () => lag('orders'), ready);
  // Under load: publishes and settlements at the same time.
  const publishing = publish(100);
  first.ack(20);
  await publishing;
  await bothSay(255, () => lag('orders'), ready);

  await broker.restart!();
  // The connection is lost, and with it what was held: those messages are ready again.
  expect(await lag('orders')).toBeUndefined();
  const second = await consume();
  await bothSay(255, () => lag('orders'), ready);
  second.ack(25);
  await bothSay(230, () => lag('orders'), ready);
  await second.connection.close();
  expect(await lag('orders')).toBeUndefined();
}, 180_000);

test('ioredis: lag and pending are those of the server, also after a restart', async () => {
  await provide(['redis-server'], log);
  const persisted = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const broker = await onFreePorts(1, ([port = 0]) => startRedisServer(port, persisted));
  onTestFinished(broker.stop);
  const redis = traceRedis(new Redis(broker.at), { pollLag: true });
  const plain = new Redis(broker.at);
  for (const each of [redis, plain]) {
    each.on('error', () => {});
    onTestFinished(() => each.disconnect());
  }
  const told = async (): Promise<unknown[]> => {
    const [group] = (await plain.xinfo('GROUPS', 'orders')) as [unknown[]];
    const [pending] = (await plain.xpending('orders', 'g')) as [number];
    return [group[group.indexOf('lag') + 1], pending];
  };
  const reported = async (): Promise<unknown[]> => [
    await lag('orders'),
    await lag('orders', 'mqtrace.consumer.pending'),
  ];
  await redis.xgroup('CREATE', 'orders', 'g', '0', 'MKSTREAM');
  const add = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await plain.xadd('orders', '*', 'n', `${n}`);
  };
  const take = (count: number): Promise<unknown> =>
    redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', count, 'STREAMS', 'orders', '>');

  await add(50);
  await Promise.all([add(50), take(30)]);
  expect(await reported()).toEqual([70, 30]);
  expect(await told()).toEqual([70, 30]);

  // Redis 7.0 does not know the lag any more once it has read an append-only file of single commands; then none is reported.
  const again = async (): Promise<unknown[]> => {
    await broker.restart!();
    await until('Redis', () => plain.ping());
    const [lagNow, pending] = await told();
    expect(await reported()).toEqual([lagNow ?? undefined, pending]);
    return [lagNow, pending];
  };
  expect(await again()).toEqual([expect.toSatisfy((value) => value === null || value === 70), 30]);
  // After a snapshot it does.
  await take(70);
  await plain.bgrewriteaof();
  await until('the snapshot', async () => {
    expect(await plain.info('persistence')).toMatch(/aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0/);
  });
  await add(5);
  expect(await again()).toEqual([5, 100]);
}, 120_000);
