// Sends and consumes a message of one client that is imported statically; says whether its handler is in the trace of the send.
// Runs in its own process, and as a bundle: CLIENT KAFKA_BROKER AMQP_URL REDIS_URL
import * as amqp from 'amqplib';
import * as bullmq from 'bullmq';
import * as ioredis from 'ioredis';
import kafkajs from 'kafkajs';
import { amqplibClient } from '../clients/amqplib.js';
import { bullmqClient } from '../clients/bullmq.js';
import { ioredisClient } from '../clients/ioredis.js';
import { kafkajsClient } from '../clients/kafkajs.js';

const [, , name, kafkaBroker, amqpUrl, redisUrl] = process.argv;
const tracer = globalThis.compared;
const at = { kafkaBroker, amqpUrl, redisUrl };
const client = {
  kafkajs: () => kafkajsClient(kafkajs, at, tracer),
  amqplib: () => amqplibClient(amqp, at, tracer),
  ioredis: () => ioredisClient(ioredis, at, tracer),
  bullmq: () => bullmqClient(bullmq, at, tracer),
}[name]();

const destination = await client.newDestination();
const job = await tracer.inSpan(() => client.send(destination, [client.input({ source: 'shop' })]));
let seen;
await client.consume(destination, async () => void (seen = tracer.activeTraceId()), 1);
console.log(seen === job.traceId ? 'same trace' : 'another trace');
process.exit(0);
