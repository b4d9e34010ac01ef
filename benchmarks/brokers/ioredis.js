// Measures ioredis on a real server.
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { consumeStream, processMessage, traceRedis } from 'mqtrace/ioredis';

const require = createRequire(import.meta.url);

export async function open(tools, address) {
  const { Redis } = require('ioredis');
  const plain = new Redis(address);
  const redis = tools.wrap(plain, traceRedis);
  const handle = tools.traced ? processMessage : (entry, fn) => fn(entry);
  const streams = ['a', 'b', 'c'].map((name) => `bench-${name}-${randomUUID()}`);
  const [first, second, third] = streams;
  for (const stream of streams) await plain.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
  const send = (stream, headers) => redis.xadd(stream, '*', 'order', '7', ...Object.entries(headers ?? {}).flat());
  const read = async (stream) => {
    const reply = await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 100, 'STREAMS', stream, '>');
    return reply[0][1];
  };
  const acknowledge = (stream, entries) => {
    const ids = entries.map(([id]) => id);
    return redis.xack(stream, 'g', ...ids);
  };

  /** Handles a number of entries of a stream. */
  const consume = (stream, work) => {
    const handler = tools.handler(work);
    return async (count) => {
      for (let left = count; left > 0;) {
        const entries = await read(stream);
        await Promise.all(entries.map((entry) => handle(entry, handler)));
        await acknowledge(stream, entries);
        left -= entries.length;
      }
    };
  };
  /** Works off what `hop` sent, one entry after the other: by `consumeStream`, or by the equal loop of an application. */
  const backlog = tools.traced ? consumeBacklog : readBacklog;
  await plain.xgroup('CREATE', second, 'backlog', '0');

  async function readBacklog(count, handler = tools.handler(async () => {})) {
    const client = redis.duplicate();
    const group = ['GROUP', 'backlog', 'c'];
    for (let left = count; left > 0;) {
      const reply = await client.xreadgroup(...group, 'COUNT', 100, 'BLOCK', 5000, 'STREAMS', second, '>');
      for (const [id, fields] of reply[0][1]) {
        await handler({ id, fields });
        await client.xack(second, 'backlog', id);
        left--;
      }
    }
    client.disconnect();
  }

  async function consumeBacklog(count) {
    let left = count;
    const { promise, resolve } = withResolvers();
    const consumer = consumeStream(
      redis,
      { streams: second, group: 'backlog', consumer: 'c', count: 100, minIdleMs: Infinity },
      async () => {
        if (--left === 0) resolve();
      },
    );
    await promise;
    // Also acknowledges the last entry.
    await consumer.stop();
  }

  /** The fields that "context only" forwards: those after the application's. */
  const headersOf = ([, fields]) => (tools.writesHeaders ? { [fields[2]]: fields[3] } : undefined);
  return {
    messages: 10_000,
    inFlight: 100,
    send: (headers) => send(first, headers),
    hop: consume(first, (entry) => send(second, headersOf(entry))),
    receive: consume(second, async () => {}),
    backlog,
    async ping(headers) {
      await send(third, headers);
      const entries = await read(third);
      await handle(entries[0], () => {});
    },
    close: () => plain.del(...streams),
  };
}

function withResolvers() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}
