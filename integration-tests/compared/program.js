// Answers the questions of docs/compared.md with one tracer on the real brokers. Plain JavaScript: the auto-instrumentations need
// Node's own `require`.
//   node program.js mqtrace|opentelemetry|sentry|datadog KAFKA_BROKER AMQP_URL REDIS_URL
import { createRequire } from 'node:module';

const [, , tracerName, kafkaBroker, amqpUrl, redisUrl] = process.argv;
const addresses = { kafkaBroker, amqpUrl, redisUrl };
// Before the clients are loaded.
await import(`./set-up/${tracerName}.js`);
const tracer = globalThis.compared;

const require = createRequire(import.meta.url);
const modules = {
  kafkajs: require('kafkajs'),
  amqplib: require('amqplib'),
  ioredis: require('ioredis'),
  bullmq: require('bullmq'),
  ...tracer.modules,
};
const { kafkajsClient } = await import('./clients/kafkajs.js');
const { amqplibClient } = await import('./clients/amqplib.js');
const { ioredisClient } = await import('./clients/ioredis.js');
const { bullmqClient } = await import('./clients/bullmq.js');
const { commonQuestions } = await import('./questions/common.js');
const { kafkajsQuestions } = await import('./questions/kafkajs.js');
const { amqplibQuestions } = await import('./questions/amqplib.js');
const { ioredisQuestions } = await import('./questions/ioredis.js');
const { moduleQuestions } = await import('./programs/modules.js');

const clients = [
  kafkajsClient(modules.kafkajs, addresses, tracer),
  amqplibClient(modules.amqplib, addresses, tracer),
  ioredisClient(modules.ioredis, addresses, tracer),
  bullmqClient(modules.bullmq, addresses, tracer),
];
const ownQuestions = {
  kafkajs: () => kafkajsQuestions(clients[0], modules.kafkajs, addresses, tracer),
  amqplib: () => amqplibQuestions(modules.amqplib, addresses, tracer),
  ioredis: () => ioredisQuestions(modules.ioredis, addresses, tracer),
  bullmq: () => ({}),
};

/** Whether the answer is yes; an error, and no answer in time, are a no. Undefined: the question has no meaning here. */
async function answer(question, ask) {
  let timer;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, 20_000, 'no answer');
  });
  try {
    const answered = await Promise.race([ask(), limit]);
    if (answered === 'no answer') process.stderr.write(`${tracerName}, ${question}: no answer\n`);
    return answered === undefined ? undefined : answered === true;
  } catch (error) {
    process.stderr.write(`${tracerName}, ${question}: ${error?.message ?? error}\n`);
    return false;
  } finally {
    clearTimeout(timer);
  }
}
// A failure in the background, such as that of a handler that nobody waits for, is an answer of no and not the end.
process.on('unhandledRejection', () => {});
process.on('uncaughtException', () => {});

const answers = {};
for (const client of clients) {
  const answered = (answers[client.name] = {});
  const askAll = async (questions) => {
    for (const [question, ask] of Object.entries(questions)) {
      answered[question] = await answer(`${client.name}, ${question}`, ask);
    }
  };
  await askAll({ ...commonQuestions(client, tracer), ...ownQuestions[client.name]() });
  // How a client is loaded matters only if it is traced, and in the version that the program imports.
  const isTraced = answered['A message is processed in the trace in which it was sent'];
  if (isTraced && tracer.modules?.[client.name] === undefined) {
    await askAll(moduleQuestions(client, tracerName, addresses));
  }
}
process.stdout.write(`answers ${JSON.stringify(answers)}\n`, () => process.exit(0));
