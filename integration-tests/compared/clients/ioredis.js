// Adds and reads stream entries with ioredis, for questions that are asked of every client.
import { randomUUID } from 'node:crypto';

export function ioredisClient({ Redis }, { redisUrl }, tracer) {
  const wrap = (options) => {
    const redis = new Redis(redisUrl);
    return tracer.wrap?.ioredis?.(redis, options) ?? redis;
  };
  async function withRedis(redis, fn) {
    try {
      return await fn(redis);
    } finally {
      redis.disconnect();
    }
  }
  async function attempts(redis) {
    const stream = `compared-${randomUUID()}`;
    const job = await tracer.inSpan(() => redis.xadd(stream, '*', 'order', '1'));
    let left = 2;
    let consumer;
    await new Promise((resolve) => {
      const settings = {
        streams: stream,
        group: 'group',
        consumer: 'one',
        blockMs: 20,
        minIdleMs: 20,
        onError: () => {},
      };
      consumer = tracer.consumeStream(redis, settings, async () => {
        if (--left > 0) throw new Error('the first attempt fails');
        resolve();
      });
    });
    await consumer.stop();
    return { job };
  }
  /** As the entry is stored: a traced read may hide trace fields. */
  async function textsOf(stream, id) {
    const reader = new Redis(redisUrl);
    const [[, fields]] = await tracer.untraced(() => reader.xrange(stream, id, id));
    reader.disconnect();
    return Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]]] : [])));
  }
  return {
    name: 'ioredis',
    input: (headers) => Object.entries({ order: '1', ...headers }).flat(),
    newDestination: async () => `compared-${randomUUID()}`,
    send: (stream, inputs, options) =>
      withRedis(wrap(options), (redis) => {
        if (inputs.length === 1) return redis.xadd(stream, '*', ...inputs[0]);
        const pipeline = redis.pipeline();
        for (const input of inputs) pipeline.xadd(stream, '*', ...input);
        return pipeline.exec();
      }),
    sendTwiceWrapped: (stream, input) =>
      withRedis(wrap(), (redis) => tracer.again('ioredis', redis).xadd(stream, '*', ...input)),
    consume: (stream, handler, count, how) =>
      withRedis(wrap(how?.options), async (redis) => {
        await tracer.untraced(() => redis.xgroup('CREATE', stream, 'group', '0', 'MKSTREAM').catch(() => {}));
        const process = tracer.process?.ioredis ?? ((entry, fn) => fn(entry));
        let left = count;
        for (let from = '>'; left > 0;) {
          const reply = await redis.xreadgroup('GROUP', 'group', 'one', 'BLOCK', 100, 'STREAMS', stream, from);
          for (const entry of reply?.[0]?.[1] ?? []) {
            left--;
            const handle = async (given) => {
              await handler(await textsOf(stream, given[0]), given);
              await redis.xack(stream, 'group', given[0]);
            };
            // What is not acknowledged is read again, from the pending entries.
            await Promise.resolve(process(entry, handle)).catch(() => (from = '0'));
          }
        }
      }),
    settles: true,
    countsAttempts: true,
    /** Where a tracer has a consumer of its own: two attempts of one message. */
    attempts: tracer.consumeStream && (() => withRedis(wrap(), attempts)),
  };
}
