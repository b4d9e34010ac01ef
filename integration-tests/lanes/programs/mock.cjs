// Uses a stream of the mock of ioredis, which runs commands itself: entries are in one trace, and read as the
// application wrote them.
const { deepStrictEqual, strictEqual } = require('node:assert');
const { trace } = require('@opentelemetry/api');
const RedisMock = require('ioredis-mock');
const { processMessage, traceRedis } = require('mqtrace/ioredis');
const { startTracing } = require('mqtrace/sdk');

async function main() {
  const tracing = startTracing({ serviceName: 'lane', environment: 'ignore', export: { protocol: 'none' } });
  const untraced = new RedisMock();
  const redis = traceRedis(new RedisMock());
  const sent = await tracing.span('order', async (span) => {
    await redis.xadd('orders', '*', 'order', '17');
    return span.spanContext().traceId;
  });
  const [[, entries]] = await redis.xread('STREAMS', 'orders', '0');
  deepStrictEqual(entries[0][1], ['order', '17']);
  const received = processMessage(entries[0], () => trace.getActiveSpan().spanContext().traceId);
  strictEqual(received, sent);
  const [stored] = await untraced.xrange('orders', '-', '+');
  deepStrictEqual(stored[1].slice(0, 3), ['order', '17', 'traceparent']);
  await tracing.shutdown();
  redis.disconnect();
  untraced.disconnect();
  return 'ok';
}

main().then(
  (result) => console.log(result),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
