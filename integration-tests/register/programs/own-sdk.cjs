// Sends one message in a process that sets up OpenTelemetry itself; what its SDK gets, as JSON.
const { context, trace } = require('@opentelemetry/api');
const exporter = require('./own-provider.cjs');
const Redis = require('ioredis');

const redis = new Redis(process.env.REDIS_URL);
void trace.getTracer('application').startActiveSpan('order', async (span) => {
  await redis.xadd(process.env.STREAM, '*', 'a', '1');
  span.end();
  const inside = trace.getSpan(context.active()) === span;
  await redis.del(process.env.STREAM);
  await redis.quit();
  const [xadd, order] = exporter.getFinishedSpans();
  const child = xadd.parentSpanContext?.spanId === order.spanContext().spanId;
  console.log(JSON.stringify({ names: [xadd.name.split(' ')[0], order.name], child, inside }));
});
