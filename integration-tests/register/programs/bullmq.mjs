// Adds three jobs and a flow to a queue of BullMQ, one of which fails, and processes them. It knows nothing of tracing, unless TELEMETRY
// is `own`, or WRAP says that it wraps its worker. BUILD is the package's name; LOAD says how it is loaded.
import { createRequire } from 'node:module';
import { Redis } from 'ioredis';

const { BUILD, LOAD, QUEUE, REDIS_URL, STREAM, TELEMETRY, WRAP } = process.env;
const require = createRequire(import.meta.url);
const { BullMQOtel } = require('bullmq-otel');
const { FlowProducer, Queue, QueueEvents, Worker } = LOAD === 'require' ? require(BUILD) : await import(BUILD);

const { hostname: host, port } = new URL(REDIS_URL);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const settings = () => ({ connection, ...(TELEMETRY === 'own' && { telemetry: new BullMQOtel('application') }) });

const own = new Redis(connection);
const queue = new Queue(QUEUE, settings());
const flows = new FlowProducer(settings());
// One makes its own client, one a duplicate of the application's.
const events = [new QueueEvents(QUEUE, { connection }), new QueueEvents(QUEUE, { connection: own })];
for (const each of events) await each.waitUntilReady();

for (const name of ['a', 'b', 'fails']) await queue.add(name, { name });
const tree = { name: 'parent', queueName: QUEUE, children: [{ name: 'child', queueName: QUEUE }] };
await flows.add(tree);

let finished = 0;
const done = events.map(
  (each) =>
    new Promise((resolve) => {
      let count = 0;
      const note = () => ++count === 5 && resolve();
      each.on('completed', note);
      each.on('failed', note);
    }),
);
const processJob = async (job) => {
  finished++;
  if (job.name === 'fails') throw new RangeError('no');
};
// Its blocking client is a duplicate of the application's.
const worker = new Worker(QUEUE, processJob, { ...settings(), connection: own });
if (WRAP === '1') require('mqtrace/bullmq').traceWorker(worker, { parenting: 'link' });
await Promise.all(done);
// The application's own client stays traced.
await own.xadd(STREAM, '*', 'a', '1');
console.log(JSON.stringify({ finished, tree }));

await worker.close();
for (const each of events) await each.close();
await flows.close();
await queue.obliterate({ force: true });
await queue.close();
await own.del(STREAM);
await own.quit();
