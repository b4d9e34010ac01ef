// Three services: orders come through Kafka, are billed through RabbitMQ, and shipped by a job of BullMQ. Nothing here is about tracing.
import { getQueueToken, Processor, WorkerHost } from '@nestjs/bullmq';
import { Controller, Inject } from '@nestjs/common';
import { type ClientProxy, EventPattern, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import type { Job, Queue } from 'bullmq';
import { firstValueFrom } from 'rxjs';
import { names, note } from './names.js';

interface Order {
  id: number;
}

@Controller()
export class OrdersController {
  constructor(
    @Inject('BILLING') private readonly billing: ClientProxy,
    @Inject(getQueueToken(names.shipments)) private readonly shipments: Queue,
  ) {}

  @EventPattern(names.orders, Transport.KAFKA)
  async order(@Payload() order: any): Promise<void> {
    note('order');
    const invoice = await firstValueFrom(this.billing.send<{ total: number }>('invoice', order));
    await this.shipments.add('ship', { ...order, ...invoice });
  }

  @EventPattern(names.returns, Transport.KAFKA)
  async return(@Payload() _order: unknown): Promise<void> {
    note('return');
    throw new RangeError('no returns');
  }

  @MessagePattern(names.prices, Transport.KAFKA)
  price(@Payload() order: Order): { price: number } {
    note('price');
    return { price: order.id * 10 };
  }
}

@Controller()
export class BillingController {
  @MessagePattern('invoice', Transport.RMQ)
  invoice(@Payload() order: Order): { total: number } {
    note('invoice');
    return { total: order.id * 10 };
  }

  @EventPattern('audit', Transport.RMQ)
  audit(_data: unknown): void {
    note('audit');
    throw new RangeError('no auditor');
  }
}

@Processor(names.shipments)
export class ShipmentsProcessor extends WorkerHost {
  async process(job: Job): Promise<number> {
    note('ship');
    return job.data.total;
  }
}
