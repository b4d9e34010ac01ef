// Starts the services, sends an order, a request and an event that fails, and checks that each is one trace.
import 'reflect-metadata';
import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { type ClientKafka, ClientsModule, type ClientProxy, Transport } from '@nestjs/microservices';
import { Kafka } from 'kafkajs';
import { bullmqTelemetry } from 'mqtrace/bullmq';
import { TraceInterceptor } from 'mqtrace/nestjs';
import { firstValueFrom } from 'rxjs';
import { check, ended, run, send, until } from './checks.js';
import { names, seen } from './names.js';
import { BillingController, OrdersController, ShipmentsProcessor } from './orders.js';
import { TracedClientKafka, TracedClientRMQ, TracedServerKafka, TracedServerRMQ } from './tracing.js';

const brokers = (process.env['KAFKA_BROKERS'] ?? 'localhost:9092').split(',');
const redis = new URL(process.env['REDIS_URL'] ?? 'redis://localhost:6379');
const kafka = { client: { brokers }, consumer: { groupId: names.orders, allowAutoTopicCreation: false } };
const rabbitmq = {
  urls: [process.env['AMQP_URL'] ?? 'amqp://localhost'],
  queue: names.billing,
  queueOptions: { durable: false },
};

/** Explicit tracing passes the traced transports; with mqtrace/register or the classes the plain ones are enough. */
const explicit = process.env['TRACED_BY'] === undefined;
const kafkaServer = explicit
  ? { strategy: new TracedServerKafka(kafka) }
  : { transport: Transport.KAFKA, options: kafka };
const rabbitServer = explicit
  ? { strategy: new TracedServerRMQ(rabbitmq) }
  : { transport: Transport.RMQ, options: rabbitmq };
const kafkaClient = explicit
  ? { customClass: TracedClientKafka, options: { ...kafka, subscribe: { fromBeginning: true } } }
  : { transport: Transport.KAFKA, options: { ...kafka, subscribe: { fromBeginning: true } } };
const rabbitClient = explicit
  ? { customClass: TracedClientRMQ, options: rabbitmq }
  : { transport: Transport.RMQ, options: rabbitmq };

const clients = ClientsModule.register([
  { name: 'ORDERS', ...kafkaClient },
  { name: 'BILLING', ...rabbitClient },
] as never);
const interceptor = { provide: APP_INTERCEPTOR, useValue: new TraceInterceptor() };

@Module({
  imports: [
    clients,
    BullModule.forRoot({
      connection: { host: redis.hostname, port: Number(redis.port) },
      telemetry: bullmqTelemetry() as never,
    }),
    BullModule.registerQueue({ name: names.shipments }),
  ],
  controllers: [OrdersController],
  providers: [ShipmentsProcessor, interceptor],
})
class OrdersModule {}

@Module({ controllers: [BillingController], providers: [interceptor] })
class BillingModule {}

@Module({ imports: [clients] })
class ShopModule {}

async function main(): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: 0 }).admin();
  await admin.connect();
  await admin.createTopics({
    topics: [names.orders, names.returns, names.prices, `${names.prices}.reply`].map((topic) => ({
      topic,
      numPartitions: 1,
    })),
    waitForLeaders: true,
  });
  await admin.disconnect();

  const options = { logger: ['fatal' as const] };
  const orders = await NestFactory.createMicroservice(OrdersModule, { ...kafkaServer, ...options } as never);
  const billing = await NestFactory.createMicroservice(BillingModule, { ...rabbitServer, ...options } as never);
  const shop = await NestFactory.createApplicationContext(ShopModule, options);
  await billing.listen();
  await orders.listen();
  const toOrders = shop.get<ClientKafka>('ORDERS');
  const toBilling = shop.get<ClientProxy>('BILLING');
  toOrders.subscribeToResponseOf(names.prices);
  await toOrders.connect();

  const [priced, answer] = await send('price', () => firstValueFrom(toOrders.send(names.prices, { id: 7 })));
  const [ordered] = await send('order', () => firstValueFrom(toOrders.emit(names.orders, { id: 7 })));
  const [audited] = await send('audit', () => firstValueFrom(toBilling.emit('audit', {}), { defaultValue: undefined }));
  const [returned] = await send('return', () => firstValueFrom(toOrders.emit(names.returns, { id: 7 })));
  await until(() => seen.length === 6);
  // NestJS handles these errors itself.
  for (const failing of ['BillingController.audit', 'OrdersController.return', `process ${names.returns}`]) {
    await until(() => ended.some(({ name, failed }) => failed && name === failing));
  }
  await until(() => ended.some(({ name }) => name === `process ${names.shipments}`));

  check(
    {
      price: [priced, 'price'],
      order: [ordered, 'order'],
      invoice: [ordered, 'order'],
      ship: [ordered, 'order'],
      audit: [audited, 'audit'],
      return: [returned, 'return'],
    },
    answer,
  );
  await Promise.all([orders.close(), billing.close(), shop.close()]);
}

run(main);
