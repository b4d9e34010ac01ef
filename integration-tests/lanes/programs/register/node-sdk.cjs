// An application that starts OpenTelemetry's NodeSDK beside mqtrace/register: all spans are with its SDK, and its context works.
//   node --import mqtrace/register register/node-sdk.cjs
const { NodeSDK } = require('@opentelemetry/sdk-node');

const spans = [];
const processor = {
  onStart() {},
  onEnd: (span) => spans.push(span),
  forceFlush: async () => {},
  shutdown: async () => {},
};
new NodeSDK({ spanProcessors: [processor], instrumentations: [] }).start();

const { context, trace } = require('@opentelemetry/api');
const { Redis } = require('ioredis');
const { REDIS_URL, STREAM } = process.env;

const redis = new Redis(REDIS_URL);
void trace.getTracer('application').startActiveSpan('order', async (order) => {
  await redis.xadd(STREAM, '*', 'a', '1');
  order.end();
  const isInside = trace.getSpan(context.active()) === order;
  await redis.del(STREAM);
  await redis.quit();
  const [xadd] = spans;
  const isChild = xadd?.name === `xadd ${STREAM}` && xadd.parentSpanContext?.spanId === order.spanContext().spanId;
  const isAll = spans.length === 2 && isChild && isInside;
  console.log(isAll ? 'ok, 2 spans' : `FAILED: ${spans.map(({ name }) => name).join()}, in context: ${isInside}`);
  process.exit(isAll ? 0 : 1);
});
