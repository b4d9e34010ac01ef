// Publishes twelve messages at once, each in a trace of its own, and handles them; says how many are in the trace of their publish.
//   LIBRARY=rascal|rabbitmq-client LOAD=import|require WRAP=1 node rabbitmq-libraries.mjs
import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';

const { AMQP_URL, QUEUE: queue, LIBRARY, LOAD, WRAP } = process.env;
const require = createRequire(import.meta.url);
const load = async (name) => (LOAD === 'require' ? require(name) : (await import(name)).default);
const tracer = trace.getTracer('application');
const handled = new Map();
const note = (content) => handled.set(Number(content), trace.getActiveSpan()?.spanContext().traceId);

async function withRascal() {
  if (WRAP) {
    const { traceRascal } = await import('mqtrace/rascal');
    traceRascal({ amqplib: require('amqplib/callback_api'), publication: require('rascal/lib/amqp/Publication') });
  }
  const rascal = await load('rascal');
  const broker = await rascal.BrokerAsPromised.create(
    rascal.withDefaultConfig({
      vhosts: {
        '/': {
          connections: [AMQP_URL],
          queues: { [queue]: { options: { durable: false, autoDelete: true } } },
          publicationChannelPools: { confirmPool: { min: 1, max: 1 } },
          publications: { all: { queue, confirm: true } },
          subscriptions: { all: { queue } },
        },
      },
    }),
  );
  broker.on('error', console.error);
  (await broker.subscribe('all')).on('message', (_message, content, ackOrNack) => {
    note(content);
    ackOrNack();
  });
  return { send: (n) => broker.publish('all', String(n)), close: () => broker.shutdown() };
}

async function withRabbitClient() {
  const { Connection } = await load('rabbitmq-client');
  const connection = new Connection(AMQP_URL);
  if (WRAP) (await import('mqtrace/rabbitmq-client')).traceRabbitClient(connection, { parenting: 'link' });
  const queueOptions = { durable: false, autoDelete: true };
  const consumer = connection.createConsumer({ queue, queueOptions }, async ({ body }) => note(body));
  await new Promise((ready) => consumer.once('ready', ready));
  const publisher = connection.createPublisher({ confirm: true });
  const close = async () => {
    await consumer.close();
    await publisher.close();
    await connection.close();
  };
  return { send: (n) => publisher.send(queue, String(n)), close };
}

const { send, close } = await (LIBRARY === 'rascal' ? withRascal() : withRabbitClient());
const sent = await Promise.all(
  Array.from({ length: 12 }, (_, n) =>
    tracer.startActiveSpan(`request ${n}`, async (span) => {
      await send(n);
      span.end();
      return span.spanContext().traceId;
    }),
  ),
);
while (handled.size < 12) await new Promise((resolve) => setTimeout(resolve, 5));
await close();
console.log(JSON.stringify({ own: sent.filter((traceId, n) => handled.get(n) === traceId).length }));
