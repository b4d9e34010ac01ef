// Reads orders from Kafka, bills them, and publishes an invoice to RabbitMQ.
import { connect } from 'amqplib';
import { Kafka, logLevel } from 'kafkajs';
import { traceConnection } from 'mqtrace/amqplib';
import { traceKafka } from 'mqtrace/kafkajs';
import { startTracing } from 'mqtrace/sdk';
import { environment, type Order, ready, sleep, troubled } from './service.ts';

const tracing = startTracing({ serviceName: 'billing' });
const connection = traceConnection(await connect(environment('AMQP_URL')));
const channel = await connection.createConfirmChannel();
await channel.assertExchange('invoices', 'topic');
await channel.assertQueue('shipping.invoices');
await channel.bindQueue('shipping.invoices', 'invoices', 'invoice.#');

const kafka = traceKafka(
  new Kafka({ clientId: 'billing', brokers: environment('KAFKA_BROKERS').split(','), logLevel: logLevel.ERROR }),
);
const consumer = kafka.consumer({ groupId: 'billing' });
await consumer.connect();
await consumer.subscribe({ topic: 'shop.orders', fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    const order = JSON.parse(String(message.value)) as Order;
    await tracing.span('charge card', async (span) => {
      span.setAttribute('order.total', order.total);
      await sleep(troubled ? 60 + Math.random() * 100 : 5);
      if (troubled && Math.random() < 0.01) throw new Error('the card was declined');
    });
    channel.publish('invoices', 'invoice.created', Buffer.from(JSON.stringify(order)), { messageId: order.id });
    await channel.waitForConfirms();
  },
});

ready(async () => {
  await consumer.disconnect();
  await connection.close();
  await tracing.shutdown();
});
