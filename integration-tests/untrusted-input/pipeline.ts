import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { getBaggage } from 'mqtrace';
import { type TraceAmqplibOptions, traceConnection } from 'mqtrace/amqplib';
import { traceHandler } from 'mqtrace/http';
import { processMessage, type StreamEntryLike, traceRedis, type TraceRedisOptions } from 'mqtrace/ioredis';
import type { TraceKafkaOptions } from 'mqtrace/kafkajs';
import { inject } from 'vitest';
import { headerOf, newConsumer, newProducer, newTopic, tracedKafka } from '../kafkajs/clients.ts';
import { uniqueName } from '../../test-support/inputs.ts';
import type { Recording } from '../../test-support/spans.ts';

/** The message at the end of the pipeline, and the raw `baggage` header that each broker delivered. */
export interface Arrived {
  kafka: string | undefined;
  amqp: string | undefined;
  redis: string | undefined;
  /** Active baggage in the handler of each hop. */
  active: Record<'http' | 'kafka' | 'amqp' | 'redis', Record<string, string>>;
}

/** A pipeline HTTP -> Kafka -> RabbitMQ -> Redis of four services, each with its own options. */
export interface Pipeline {
  /** Names of the topic, the queue and the stream. */
  names: { topic: string; queue: string; stream: string };
  /** Sends a request with these headers, and resolves when its message has arrived at the end. */
  send(headers: Record<string, string>): Promise<Arrived>;
  close(): Promise<void>;
}

export interface PipelineOptions {
  kafka?: TraceKafkaOptions;
  amqp?: TraceAmqplibOptions;
  redis?: TraceRedisOptions;
}

const active = (): Record<string, string> =>
  Object.fromEntries(
    getBaggage()
      .getAllEntries()
      .map(([key, { value }]) => [key, value]),
  );

export async function startPipeline(recording: Recording, options: PipelineOptions = {}): Promise<Pipeline> {
  const { tracerProvider } = recording;
  const topic = await newTopic();
  const [queue, stream, group] = [uniqueName('q'), uniqueName('stream'), uniqueName('group')];
  const kafka = tracedKafka(recording, options.kafka);
  const producer = await newProducer(kafka);
  const consumer = await newConsumer(kafka);
  const amqp = traceConnection(await connect(inject('amqpUrl')), { tracerProvider, ...options.amqp });
  const channel = await amqp.createChannel();
  await channel.assertQueue(queue, { durable: false, expires: 120_000 });
  const client = new Redis(inject('redisUrl'));
  const redis = traceRedis(client, { tracerProvider, hideFields: false, ...options.redis });
  await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');

  let arrived: Arrived;
  const handler = traceHandler(
    async (_request: IncomingMessage, response: ServerResponse) => {
      arrived = {
        kafka: undefined,
        amqp: undefined,
        redis: undefined,
        active: { http: active() } as Arrived['active'],
      };
      await producer.send({ topic, messages: [{ value: 'x' }] });
      response.end();
    },
    { tracerProvider },
  );
  const server = createServer((request, response) => void handler(request, response));
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      arrived.kafka = headerOf(message, 'baggage');
      arrived.active.kafka = active();
      channel.sendToQueue(queue, Buffer.from('x'));
    },
  });
  await channel.consume(
    queue,
    (message) => {
      arrived.amqp = message?.properties.headers?.['baggage'] as string | undefined;
      arrived.active.amqp = active();
      void redis.xadd(stream, '*', 'f', 'x');
    },
    { noAck: true },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const reader = traceRedis(client.duplicate(), { tracerProvider, hideFields: false, ...options.redis });

  return {
    names: { topic, queue, stream },
    async send(headers) {
      const response = await fetch(url, { method: 'POST', headers });
      await response.text();
      const reply = (await reader.xreadgroup(
        'GROUP',
        group,
        'me',
        'COUNT',
        1,
        'BLOCK',
        30_000,
        'STREAMS',
        stream,
        '>',
      )) as [string, [string, string[]][]][] | null;
      const entry = reply?.[0]?.[1][0] as StreamEntryLike & [string, string[]];
      const at = entry[1].lastIndexOf('baggage');
      arrived.redis = at < 0 ? undefined : entry[1][at + 1];
      arrived.active.redis = processMessage(entry, active);
      return arrived;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await consumer.disconnect();
      await amqp.close();
      client.disconnect();
      reader.disconnect();
    },
  };
}
