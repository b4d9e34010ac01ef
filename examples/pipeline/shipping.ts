// Takes invoices from RabbitMQ and adds a shipment to a Redis stream.
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { traceConnection } from 'mqtrace/amqplib';
import { traceRedis } from 'mqtrace/ioredis';
import { startTracing } from 'mqtrace/sdk';
import { environment, type Order, ready, sleep, troubled } from './service.ts';

const tracing = startTracing({ serviceName: 'shipping' });
const redis = traceRedis(new Redis(environment('REDIS_URL')));
const connection = traceConnection(await connect(environment('AMQP_URL')));
const channel = await connection.createChannel();
await channel.assertQueue('shipping.invoices');

await channel.consume('shipping.invoices', async (message) => {
  if (message === null) return;
  const order = JSON.parse(String(message.content)) as Order;
  if (troubled && Math.random() < 0.05) {
    channel.sendToQueue('dead-letters', message.content);
    channel.ack(message);
    return;
  }
  await redis.xadd('shipping.shipments', '*', 'order', order.id, 'to', order.user);
  channel.ack(message);
});

if (troubled) {
  // A consumer of dead letters.
  const desk = await connection.createChannel();
  await desk.assertQueue('dead-letters');
  await desk.prefetch(1);
  await desk.consume('dead-letters', async (message) => {
    if (message === null) return;
    await sleep(1500);
    desk.ack(message);
  });
}

ready(async () => {
  await connection.close();
  await redis.quit();
  await tracing.shutdown();
});
