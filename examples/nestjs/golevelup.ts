// Sends events and a request through @golevelup/nestjs-rabbitmq, and checks that each is one trace.
import 'reflect-metadata';
import {
  AmqpConnection,
  MessageHandlerErrorBehavior,
  RabbitMQModule,
  RabbitRPC,
  RabbitSubscribe,
} from '@golevelup/nestjs-rabbitmq';
import { Inject, Injectable, Module } from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { traceConnectionManager } from 'mqtrace/amqp-connection-manager';
import { TraceInterceptor } from 'mqtrace/nestjs';
import { check, ended, run, send, until } from './checks.js';
import { names, note, seen } from './names.js';

const exchange = names.billing;
const queueOptions = { durable: false, autoDelete: true };

@Injectable()
class Billing {
  constructor(@Inject(AmqpConnection) private readonly rabbitmq: AmqpConnection) {}

  @RabbitSubscribe({ exchange, routingKey: 'order', queue: `${names.billing}-orders`, queueOptions })
  async order(order: { id: number }): Promise<void> {
    note('order');
    await this.rabbitmq.publish(exchange, 'invoice', order);
  }

  @RabbitSubscribe({ exchange, routingKey: 'invoice', queue: `${names.billing}-invoices`, queueOptions })
  async invoice(_order: { id: number }): Promise<void> {
    note('invoice');
  }

  @RabbitSubscribe({
    exchange,
    routingKey: 'audit',
    queue: `${names.billing}-audits`,
    queueOptions,
    errorBehavior: MessageHandlerErrorBehavior.NACK,
  })
  async audit(_data: unknown): Promise<void> {
    note('audit');
    throw new RangeError('no auditor');
  }

  @RabbitRPC({ exchange, routingKey: 'price', queue: `${names.billing}-prices`, queueOptions })
  async price(order: { id: number }): Promise<{ price: number }> {
    note('price');
    return { price: order.id * 10 };
  }
}

@Module({
  imports: [
    RabbitMQModule.forRoot({
      uri: process.env['AMQP_URL'] ?? 'amqp://localhost',
      exchanges: [{ name: exchange, type: 'topic', options: { durable: false, autoDelete: true } }],
    }),
  ],
  providers: [Billing, { provide: APP_INTERCEPTOR, useValue: new TraceInterceptor() }],
})
class BillingModule {
  constructor(@Inject(AmqpConnection) rabbitmq: AmqpConnection) {
    // All that explicit tracing takes: in a constructor, which runs before the handlers are registered.
    if (process.env['TRACED_BY'] === undefined) traceConnectionManager(rabbitmq.managedConnection);
  }
}

async function main(): Promise<void> {
  const billing = await NestFactory.createApplicationContext(BillingModule, { logger: ['fatal'] });
  const rabbitmq = billing.get(AmqpConnection);

  const [ordered] = await send('order', () => rabbitmq.publish(exchange, 'order', { id: 7 }));
  const [audited] = await send('audit', () => rabbitmq.publish(exchange, 'audit', {}));
  const [priced, answer] = await send('price', () =>
    rabbitmq.request<{ price: number }>({ exchange, routingKey: 'price', payload: { id: 7 } }),
  );
  await until(() => seen.length === 4);
  const queues = ['orders', 'invoices', 'audits', 'prices'];
  await until(() => queues.every((queue) => ended.some(({ name }) => /^process/.test(name) && name.endsWith(queue))));
  await until(() => ended.some(({ name, failed }) => failed && name === 'Billing.audit'));

  check(
    {
      order: [ordered, 'order'],
      invoice: [ordered, 'order'],
      audit: [audited, 'audit'],
      price: [priced, 'price'],
    },
    answer,
  );
  await billing.close();
}

run(main);
