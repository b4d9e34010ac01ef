// A process whose client exists before the application sets up OpenTelemetry itself; what its SDK gets, as JSON.
//   SLOTS=propagation,context,trace: what the application registers, in this order
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator } from '@opentelemetry/core';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Redis } from 'ioredis';

const { REDIS_URL, STREAM, SLOTS } = process.env;
const b3 = new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER });
const redis = new Redis(REDIS_URL);
const tracer = trace.getTracer('application');
await redis.xadd(STREAM, '*', 'a', '1');

const exporter = new InMemorySpanExporter();
const register = {
  context: () => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()),
  propagation: () =>
    propagation.setGlobalPropagator(new CompositePropagator({ propagators: [b3, new W3CBaggagePropagator()] })),
  trace: () =>
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })),
};
const registered = SLOTS.split(',').map((slot) => register[slot]());

await tracer.startActiveSpan('order', {}, ROOT_CONTEXT, async (span) => {
  await redis.xadd(STREAM, '*', 'a', '2');
  span.end();
});
const [, second] = await redis.xrange(STREAM, '-', '+');
await redis.del(STREAM);
await redis.quit();
const [xadd, order] = exporter.getFinishedSpans();
const child = xadd?.parentSpanContext?.spanId === order?.spanContext().spanId;
const names = [xadd?.name.split(' ')[0], order?.name];
const header = second[1].at(-2);
console.log(JSON.stringify({ registered, names, child, header }));
