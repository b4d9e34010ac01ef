// Tests that RabbitMQ's metric series are bounded by exchanges and queues, whatever routing keys messages have.
import { connect } from 'amqplib';
import { traceConnection } from 'mqtrace/amqplib';
import { startTracing } from 'mqtrace/sdk';
import { afterAll, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { collect } from './reading.ts';

const tracing = startTracing({ sampling: { sampler: { ratio: 0 } }, export: { protocol: 'none' } });
afterAll(() => tracing.shutdown());

const count = 2000;
const key = (n: number): string => `secret.tenant-${n}.order-${n * 7}`;

/** Every series of this process, as `metric {attributes}`. */
async function series(): Promise<string[]> {
  const all = await collect();
  const names = all.flatMap(({ descriptor, dataPoints }) =>
    dataPoints.map(({ attributes }) => `${descriptor.name} ${JSON.stringify(attributes)}`),
  );
  return names.toSorted();
}

test('2000 routing keys of an exchange have the series of one, in publishing, delivery, get, settling and dead letters', async () => {
  const connection = traceConnection(await connect(inject('amqpUrl')));
  const channel = await connection.createConfirmChannel();
  const exchange = uniqueName('x');
  const dead = uniqueName('dead');
  const [pushed, pulled] = [uniqueName('pushed'), uniqueName('pulled')];
  await channel.assertExchange(exchange, 'topic', { durable: false });
  await channel.assertQueue(dead, { durable: false });
  for (const queue of [pushed, pulled]) {
    await channel.assertQueue(queue, { durable: false, deadLetterExchange: '', deadLetterRoutingKey: dead });
    await channel.bindQueue(queue, exchange, '#');
  }
  const publish = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) channel.publish(exchange, key(n), Buffer.from('1'));
    await channel.waitForConfirms();
  };
  let delivered = 0;
  const consume = (queue: string): Promise<unknown> =>
    channel.consume(queue, (message) => {
      // The last call is that of the queue's deletion.
      if (message === null) return;
      const n = delivered++;
      if (queue === pushed && n % 2 === 0) channel.nack(message, false, false);
      else channel.ack(message);
    });
  await consume(pushed);
  await consume(dead);
  let dropped = 0;
  const pull = async (): Promise<void> => {
    const message = await channel.get(pulled);
    expect(message).not.toBe(false);
    if (message !== false) channel.nack(message, false, false);
    dropped++;
  };
  // Half of the messages of the first queue, and those that were pulled, are delivered as dead letters too.
  const settled = (published: number): Promise<void> =>
    expect.poll(() => delivered, { timeout: 30_000 }).toBeGreaterThanOrEqual(published + dropped);
  await publish(0, 4);
  await pull();
  await settled(4);
  const few = await series();
  expect(few.filter((one) => one.startsWith('messaging.client.sent.messages')).length).toBe(1);
  await publish(4, count);
  for (let n = 0; n < 20; n++) await pull();
  await settled(count);
  const many = await series();
  expect(many).toEqual(few);
  expect(many.filter((one) => one.includes('secret'))).toEqual([]);
  for (const queue of [pushed, pulled, dead]) await channel.deleteQueue(queue);
  await channel.deleteExchange(exchange);
  await connection.close();
}, 120_000);
