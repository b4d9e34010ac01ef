// The paths of ioredis, with the client stubbed right below the traced call.
import { createRequire } from 'node:module';
import { traceRedis } from 'mqtrace/ioredis';
import { decoded } from '../clients/set-up.js';

const require = createRequire(import.meta.url);
const many = (count, make) => Array.from({ length: count }, make);

/** A client whose commands are answered in the next microtask, after they were sent, as by a server. */
export function redisOf({ patch }, answer) {
  const { Redis } = require('ioredis');
  class StubRedis extends Redis {
    sendCommand(command) {
      const reply = answer(command);
      if (reply !== undefined) queueMicrotask(() => command.resolve(reply));
      return command.promise;
    }
  }
  const redis = new (patch('ioredis', StubRedis))({ lazyConnect: true });
  redis.status = 'ready';
  return redis;
}

/** Adds an entry with these fields. */
function xadd(tools) {
  const redis = tools.wrap(
    redisOf(tools, () => '1760000000000-0'),
    traceRedis,
  );
  return (fields) => redis.xadd('orders', '*', ...fields);
}

const fieldsOf = (tools, texts) => ['order', '7', ...Object.entries(tools.sentHeaders(texts) ?? {}).flat()];

export const families = {
  'ioredis XADD'(tools) {
    const add = xadd(tools);
    return ({ texts }) => {
      const fields = fieldsOf(tools, texts);
      return {
        sends: true,
        prepare: (count) => count,
        async run(count) {
          for (let at = 0; at < count; at++) await add(fields);
        },
      };
    };
  },

  'ioredis XADD, new contexts'(tools) {
    const add = xadd(tools);
    return ({ texts }) => {
      const fields = fieldsOf(tools, texts);
      return {
        prepare: (count) => tools.newContexts(texts, count),
        async run(contexts) {
          for (const parent of contexts) await tools.within(parent, () => add(fields));
        },
      };
    };
  },

  'ioredis XREADGROUP and XACK'(tools) {
    let replies;
    const redis = tools.wrap(
      redisOf(tools, (command) => (command.name === 'xack' ? 1 : replies.pop())),
      traceRedis,
    );
    let id = 1_760_000_000_000;
    return ({ batch, texts }) => {
      const entry = () => [`${id++}-0`, ['order', '7', ...Object.entries(decoded(texts)).flat()]];
      const reply = () => [['orders', many(batch, entry)]];
      return {
        prepare: (count) => many(count / batch, reply),
        async run(prepared) {
          replies = prepared;
          for (let left = prepared.length; left > 0; left--) {
            const [[, entries]] = await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', batch, 'STREAMS', 'orders', '>');
            const ids = entries.map(([each]) => each);
            await redis.xack('orders', 'g', ...ids);
          }
        },
      };
    };
  },
};
