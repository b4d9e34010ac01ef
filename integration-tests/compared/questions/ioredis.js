// The questions that are about Redis Streams only, by their names in docs/compared.md.
import { randomUUID } from 'node:crypto';

export function ioredisQuestions(_client, { Redis }, { redisUrl }, tracer) {
  return {
    async 'A read has a span that links the messages that it returns'() {
      const redis = new Redis(redisUrl);
      const traced = tracer.wrap?.ioredis(redis) ?? redis;
      const stream = `compared-${randomUUID()}`;
      const sent = await tracer.inSpan(() => traced.xadd(stream, '*', 'order', '7'));
      const job = await tracer.inSpan(() => traced.xread('STREAMS', stream, '0'));
      await redis.del(stream);
      redis.disconnect();
      return (await tracer.spansOf(job.traceId)).some(({ links }) =>
        links.some(({ traceId }) => traceId === sent.traceId),
      );
    },

    async 'A metric reports how many messages wait for a consumer'() {
      if (tracer.metricsOf === undefined || tracer.hasLag === false) return undefined;
      const redis = new Redis(redisUrl);
      const traced = tracer.wrap?.ioredis(redis, { pollLag: true }) ?? redis;
      const stream = `compared-${randomUUID()}`;
      await traced.xgroup('CREATE', stream, 'group', '0', 'MKSTREAM');
      for (const order of ['1', '2', '3']) await traced.xadd(stream, '*', 'order', order);
      await traced.xreadgroup('GROUP', 'group', 'one', 'COUNT', 1, 'STREAMS', stream, '>');
      const lags = await tracer.metricsOf(/lag/);
      await redis.del(stream);
      redis.disconnect();
      return lags[stream] === 2;
    },
  };
}
