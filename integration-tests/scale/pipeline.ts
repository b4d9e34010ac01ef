// Four services, each with tracing of its own, and three brokers between them.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import { connect, type ConsumeMessage } from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { traceConnection } from 'mqtrace/amqplib';
import { traceHandler } from 'mqtrace/http';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { startTracing, type Tracing } from 'mqtrace/sdk';
import { uniqueName } from '../../test-support/inputs.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';

/** Where brokers and gateways are. */
export interface Addresses {
  readonly kafka: string[];
  readonly amqp: string;
  readonly redis: string;
  readonly gateways: readonly [string, string];
}

/** An order, and what is to become of it. */
export interface Order {
  readonly id: number;
  /** Whether the last consumer fails, or every service. */
  readonly fails?: 'last' | 'everywhere' | undefined;
  /** Whether its message waits in RabbitMQ for longer than a second. */
  readonly waits?: boolean | undefined;
}

/** An order that was sent, and its trace. */
export interface Sent {
  readonly order: Order;
  readonly traceId: string;
  /** At least as long as the message waited longest, in seconds, by the clock of this process. */
  longestWait: number;
  /** Seconds from the request to the end of the last consumer. */
  total: number;
}

/** A running pipeline. */
export interface Pipeline {
  /** The names of its services, in the order of the pipeline. */
  readonly services: readonly string[];
  /** Sends orders and waits until the last consumer has had them all. */
  run(orders: readonly Order[], options?: { readonly everyMs?: number }): Promise<Sent[]>;
  /** Exports what has ended; the spans that were dropped or could not be sent. */
  flush(): Promise<{ dropped: number; left: number }>;
  /** Ends the services; the spans that were dropped, and the exports that failed and were repeated. */
  stop(): Promise<{ dropped: number; exportErrors: number }>;
}

/** shop (HTTP) -> Kafka -> billing -> RabbitMQ -> shipping -> Redis -> notify. */
export async function startPipeline(
  { kafka: brokers, amqp, redis: redisUrl, gateways }: Addresses,
  spool: string,
): Promise<Pipeline> {
  const run = uniqueName('').slice(-8);
  const services = ['shop', 'billing', 'shipping', 'notify'].map((name) => `${name}-${run}`);
  const started = services.map((serviceName, at) =>
    startTracing({
      serviceName,
      // The API has one context manager and one propagator in a process: those of the first.
      register: at === 0,
      environment: 'ignore',
      sampling: { tail: 'collector' },
      export: { endpoint: gateways[at % 2], compression: 'gzip', intervalMs: 500, spool: { directory: spool } },
    }),
  );
  const [shop, billing, shipping, notify] = started as [Tracing, Tracing, Tracing, Tracing];
  const options = ({ provider }: Tracing): { tracerProvider: Tracing['provider'] } => ({ tracerProvider: provider });
  const name = { topic: `orders-${run}`, queue: `invoices-${run}`, stream: `parcels-${run}` };
  const sent = new Map<number, Sent>();
  const at = new Map<string, number>();
  let done = 0;
  const allDone = async (count: number): Promise<void> => {
    // oxlint-disable-next-line no-unmodified-loop-condition -- the last consumer counts
    while (done < count) await sleep(50);
  };
  const left = (order: Order): void => void at.set(`${order.id}`, performance.now());
  const arrived = (order: Order): void => {
    const one = sent.get(order.id)!;
    one.longestWait = Math.max(one.longestWait, (performance.now() - at.get(`${order.id}`)!) / 1000);
  };
  /** Work of a service, which fails where the order says so. */
  const work = (tracing: Tracing, order: Order, fails: boolean): void => {
    if (!fails) return;
    try {
      tracing.span(`check order`, () => {
        throw new RangeError(`order ${order.id} cannot be billed`);
      });
    } catch {
      // The order goes on.
    }
  };
  const everywhere = ({ fails }: Order): boolean => fails === 'everywhere';

  await createTopics(brokers, [name.topic]);
  const kafkaOf = (tracing: Tracing): Kafka =>
    traceKafka(new Kafka({ brokers, logLevel: logLevel.NOTHING }), options(tracing));
  const producer = kafkaOf(shop).producer();
  const consumer = kafkaOf(billing).consumer({ groupId: name.topic, maxWaitTimeInMs: 50 });
  await Promise.all([producer.connect(), consumer.connect()]);
  const [publishing, consuming] = [
    traceConnection(await connect(amqp), options(billing)),
    traceConnection(await connect(amqp), options(shipping)),
  ];
  const [publisher, receiver] = [await publishing.createChannel(), await consuming.createChannel()];
  const forMinutes = { durable: false, expires: 600_000 };
  await receiver.assertQueue(name.queue, forMinutes);
  const [adding, reading] = [new Redis(redisUrl), new Redis(redisUrl)];
  traceRedis(adding, options(shipping));
  traceRedis(reading, options(notify));
  await reading.xgroup('CREATE', name.stream, 'g', '0', 'MKSTREAM');

  const take = async (url: string): Promise<void> => {
    const order = JSON.parse(decodeURIComponent(url.slice('/orders?'.length))) as Order;
    const { traceId } = trace.getSpanContext(context.active())!;
    sent.set(order.id, { order, traceId, longestWait: 0, total: performance.now() });
    work(shop, order, everywhere(order));
    left(order);
    await producer.send({ topic: name.topic, messages: [{ value: JSON.stringify(order) }] });
  };
  const server = createServer(
    traceHandler((incoming, response) => void take(incoming.url!).then(() => response.end()), {
      route: '/orders',
      ...options(shop),
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  // The types of amqplib know no handler that returns a promise.
  const ship = (async (message: ConsumeMessage) => {
    const order = JSON.parse(message.content.toString()) as Order;
    arrived(order);
    work(shipping, order, everywhere(order));
    left(order);
    await adding.xadd(name.stream, '*', 'order', JSON.stringify(order));
    receiver.ack(message);
  }) as (message: unknown) => void;
  await consumer.subscribe({ topic: name.topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const order = JSON.parse(String(message.value)) as Order;
      arrived(order);
      work(billing, order, everywhere(order));
      // A queue whose consumer comes later.
      const queue = order.waits ? `late${order.id}-${run}` : name.queue;
      if (order.waits) {
        await receiver.assertQueue(queue, forMinutes);
        setTimeout(() => void receiver.consume(queue, ship), 1200);
      }
      left(order);
      publisher.sendToQueue(queue, Buffer.from(JSON.stringify(order)));
    },
  });
  await receiver.consume(name.queue, ship);

  const reader = reading.duplicate();
  let isOver = false;
  const deliver = async (entry: [id: string, fields: string[]]): Promise<void> => {
    const order = JSON.parse(entry[1][1]!) as Order;
    arrived(order);
    await processMessage(entry, async ([id]) => {
      if (order.fails !== undefined) throw new RangeError(`order ${order.id} cannot be delivered`);
      await reading.xack(name.stream, 'g', id);
    }).catch(() => {});
    const one = sent.get(order.id)!;
    one.total = (performance.now() - one.total) / 1000;
    done++;
  };
  const reads = (async () => {
    // oxlint-disable-next-line no-unmodified-loop-condition -- stop() sets it
    while (!isOver) {
      const reply = (await reader.xreadgroup(
        'GROUP',
        'g',
        'c',
        'COUNT',
        20,
        'BLOCK',
        100,
        'STREAMS',
        name.stream,
        '>',
      )) as [[string, [string, string[]][]]] | null;
      for (const entry of reply?.[0][1] ?? []) await deliver(entry);
    }
  })();

  const post = async (order: Order): Promise<void> => {
    // Node's own client, which nothing traces: the request is the start of the trace.
    const asked = request({ host: '127.0.0.1', port, path: `/orders?${encodeURIComponent(JSON.stringify(order))}` });
    const [response] = (await once(asked.end(), 'response')) as [NodeJS.ReadableStream];
    await once(response.resume(), 'end');
  };
  return {
    services,
    async run(orders, { everyMs = 4 } = {}) {
      const expected = done + orders.length;
      const posts: Promise<void>[] = [];
      for (const order of orders) {
        posts.push(post(order));
        // Below what the pipeline can take, so that messages wait only where they are meant to.
        await sleep(everyMs);
      }
      await Promise.all(posts);
      await allDone(expected);
      return orders.map(({ id }) => sent.get(id)!);
    },
    async flush() {
      const results = await Promise.all(started.map((tracing) => tracing.flush()));
      return {
        dropped: results.reduce((sum, { dropped }) => sum + dropped, 0),
        left: results.reduce((sum, { left }) => sum + left, 0),
      };
    },
    async stop() {
      isOver = true;
      await reads;
      await Promise.all([consumer.disconnect(), producer.disconnect(), publishing.close(), consuming.close()]);
      await reading.del(name.stream);
      for (const redis of [adding, reading, reader]) redis.disconnect();
      server.close();
      const results = await Promise.all(started.map((tracing) => tracing.shutdown()));
      const counts = started.flatMap((tracing) => tracing.stats().destinations);
      return {
        dropped: results.reduce((sum, result) => sum + result.dropped + result.left, 0),
        exportErrors: counts.reduce((sum, { exportErrors }) => sum + exportErrors, 0),
      };
    },
  };
}
