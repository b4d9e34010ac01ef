// Accepts orders over HTTP and sends them to Kafka. The customer is propagated as baggage.
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { Kafka, logLevel } from 'kafkajs';
import { withBaggage } from 'mqtrace';
import { traceHandler } from 'mqtrace/http';
import { traceKafka } from 'mqtrace/kafkajs';
import { startTracing } from 'mqtrace/sdk';
import { environment, type Order, ready } from './service.ts';

const tracing = startTracing({ serviceName: 'shop' });
const kafka = traceKafka(
  new Kafka({ clientId: 'shop', brokers: environment('KAFKA_BROKERS').split(','), logLevel: logLevel.ERROR }),
);
const producer = kafka.producer();
await producer.connect();

const takeOrder = traceHandler(
  async (request, response) => {
    const order = (await json(request)) as Order;
    await withBaggage({ 'user.id': order.user, 'tenant.id': order.tenant }, () =>
      producer.send({ topic: 'shop.orders', messages: [{ key: order.id, value: JSON.stringify(order) }] }),
    );
    response.writeHead(202).end();
  },
  { route: '/orders' },
);

const server = createServer((request, response) => {
  takeOrder(request, response).catch(() => response.writeHead(500).end());
});
server.listen(Number(environment('PORT')), '127.0.0.1');

ready(async () => {
  server.close();
  await producer.disconnect();
  await tracing.shutdown();
});
