// Adds and processes a job of BullMQ, and sends and receives through rabbitmq-client, traced by instrumentation classes that are enabled,
// disabled and given providers; what each provider gets, as JSON.
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { BullMQInstrumentation, RabbitMQClientInstrumentation } = require('mqtrace/instrumentation');

const { AMQP_URL, REDIS_URL, QUEUE } = process.env;
const connection = { host: new URL(REDIS_URL).hostname, port: Number(new URL(REDIS_URL).port) };

const exporters = [];
function provider() {
  const exporter = new InMemorySpanExporter();
  exporters.push(exporter);
  return new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
}

const classes = [new BullMQInstrumentation({ enabled: false }), new RabbitMQClientInstrumentation({ enabled: false })];
const { Queue, Worker } = require('bullmq');
const { Connection } = require('rabbitmq-client');

async function once(name) {
  const queue = new Queue(name, { connection });
  await queue.add('ship', {});
  const worker = new Worker(name, async () => {}, { connection });
  await new Promise((done) => worker.on('completed', done));
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();

  const rabbit = new Connection(AMQP_URL);
  const publisher = rabbit.createPublisher({ confirm: true });
  await new Promise((done) => {
    const queueOptions = { durable: false, autoDelete: true };
    const consumer = rabbit.createConsumer({ queue: name, queueOptions }, async () => done(setImmediate(() => {})));
    consumer.on('ready', () => void publisher.send(name, 'hello'));
    rabbit.consumer = consumer;
  });
  await rabbit.consumer.close();
  await publisher.close();
  await rabbit.close();
}

void (async () => {
  await once(`${QUEUE}-off`);
  registerInstrumentations({ instrumentations: classes, tracerProvider: provider() });
  await once(`${QUEUE}-on`);
  for (const one of classes) one.disable();
  await once(`${QUEUE}-off-again`);
  const other = provider();
  for (const one of classes) one.setTracerProvider(other);
  for (const one of classes) one.enable();
  await once(`${QUEUE}-other`);
  console.log(
    JSON.stringify(
      exporters.map((exporter) =>
        exporter
          .getFinishedSpans()
          .map(({ name }) => name.replace(QUEUE, ''))
          .sort(),
      ),
    ),
  );
})();
