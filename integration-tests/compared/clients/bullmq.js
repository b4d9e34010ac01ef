// Adds and processes jobs with BullMQ, for questions that are asked of every client.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a tracer has stored with a job: a JSON object of headers, or another text in which there may be ids. */
function headersIn(metadata = '{}') {
  try {
    return JSON.parse(metadata);
  } catch {
    const [trace] = /[0-9a-f]{32}-[0-9a-f]{16}/.exec(metadata) ?? [];
    return trace === undefined ? {} : { 'sentry-trace': trace };
  }
}

export function bullmqClient({ Queue, Worker }, { redisUrl }, tracer) {
  const { hostname: host, port } = new URL(redisUrl);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const withTelemetry = (options) => {
    const telemetry = tracer.bullmqTelemetry?.(options);
    return telemetry === undefined ? { connection } : { connection, telemetry };
  };
  return {
    name: 'bullmq',
    input: () => ({ name: 'order', data: { id: 1 }, opts: { attempts: 3 } }),
    newDestination: async () => `compared-${randomUUID()}`,
    async send(name, inputs, options) {
      const queue = new Queue(name, withTelemetry(options));
      try {
        if (inputs.length > 1) await queue.addBulk(inputs);
        else await queue.add(inputs[0].name, inputs[0].data, inputs[0].opts);
      } finally {
        await queue.close();
      }
    },
    async consume(name, handler, count, how) {
      let left = count;
      let worker;
      await new Promise((resolve) => {
        const process = async (job) => {
          try {
            await handler(headersIn(job.opts.telemetry?.metadata), job);
          } finally {
            if (--left <= 0) resolve();
          }
        };
        worker = new Worker(name, process, withTelemetry(how?.options));
        tracer.wrapWorker?.(worker, how?.options);
      });
      await sleep(20);
      await worker.close();
    },
    settles: true,
    hasHeaders: false,
    countsAttempts: true,
  };
}
