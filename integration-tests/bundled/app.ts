// An application that is bundled into one file: it sends a message through Kafka, RabbitMQ and Redis Streams, and
// prints the spans and what the last consumer saw.
import { propagation, trace } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { withBaggage } from 'mqtrace';
import { traceConnection } from 'mqtrace/amqplib';
import { consumeStream, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { startTracing } from 'mqtrace/sdk';

const { BROKERS = '', AMQP_URL = '', REDIS_URL = '', TOPIC = '', QUEUE = '', STREAM = '' } = process.env;

// CommonJS has no top-level await.
async function main(): Promise<void> {
  const spans: string[] = [];
  const collecting: SpanProcessor = {
    onStart: () => undefined,
    onEnd: (span) => void spans.push(`${span.spanContext().traceId} ${span.name}`),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const tracing = startTracing({
    serviceName: 'bundled',
    export: {
      protocol: 'none',
    },
    environment: 'ignore',
    spanProcessors: [collecting],
  });

  const kafka = traceKafka(new Kafka({ clientId: 'bundled', brokers: [BROKERS], logLevel: logLevel.NOTHING }));
  const connection = traceConnection(await connect(AMQP_URL));
  const redis = traceRedis(new Redis(REDIS_URL));
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(QUEUE, { durable: false, expires: 60_000 });

  let arrived: (seen: unknown) => void;
  const arrival = new Promise<unknown>((resolve) => (arrived = resolve));
  const notify = consumeStream(redis, { streams: STREAM, group: 'notify' }, ({ fields }) => {
    const tenant = propagation.getActiveBaggage()?.getEntry('tenant')?.value;
    arrived({ fields, tenant, traceId: trace.getActiveSpan()?.spanContext().traceId });
  });
  await channel.consume(QUEUE, (message) => {
    void redis.xadd(STREAM, '*', 'order', String(message?.content)).then(() => channel.ack(message!));
  });
  const consumer = kafka.consumer({ groupId: TOPIC, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }): Promise<void> => {
      channel.sendToQueue(QUEUE, message.value ?? Buffer.alloc(0));
      await channel.waitForConfirms();
    },
  });
  const producer = kafka.producer();
  await producer.connect();
  await withBaggage({ tenant: 'acme' }, () => producer.send({ topic: TOPIC, messages: [{ value: '17' }] }));

  const seen = await arrival;
  await notify.stop();
  await Promise.all([consumer.disconnect(), producer.disconnect(), redis.quit(), channel.close()]);
  await connection.close();
  await tracing.shutdown();
  process.stdout.write(JSON.stringify({ seen, spans }));
}

void main();
