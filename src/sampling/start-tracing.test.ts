import {
  context,
  createTraceState,
  diag,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Context,
} from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, expect, test, vi } from 'vitest';
import { MqtraceError } from '../common/errors.ts';
import { isCertainlyUnsampled } from '../common/sampling-hint.ts';
import {
  alwaysOff,
  alwaysOn,
  parentBased,
  ratio,
  startTracing,
  type StartTracingOptions,
  type Tracing,
} from '../sdk/index.ts';
import { startOtlpReceiver } from '../../test-support/otlp-receiver.ts';
import { parentContext } from './testing/ask.ts';

let tracing: Tracing | undefined;

function start(options: StartTracingOptions = {}): Tracing {
  return (tracing = startTracing({ export: { protocol: 'none' }, ...options }));
}

afterEach(async () => {
  await tracing?.shutdown();
  tracing = undefined;
  trace.disable();
  context.disable();
  propagation.disable();
  diag.disable();
  vi.unstubAllEnvs();
});

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const unsampled: Context = parentContext(traceId, false);

test('spans that are kept at their end reach a real OTLP receiver, unsampled ones do not', async () => {
  const receiver = await startOtlpReceiver();
  const { tracer } = start({
    export: {
      protocol: 'http/protobuf',
      endpoint: receiver.url,
    },
    sampling: {
      sampler: { ratio: 0 },
      keepErrors: true,
      keepSlow: 5,
    },
  });
  const root = tracer.startSpan('root');
  tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root)).end();
  root.setStatus({ code: SpanStatusCode.ERROR }).end();
  tracer.startSpan('fine').end();
  tracer.startSpan('slow', { startTime: Date.now() - 6000 }).end();
  await tracing?.flush();
  expect(receiver.spans.map(({ name }) => name).sort()).toEqual(['child', 'root', 'slow']);
  // Every span that was recorded is counted.
  const [counters] = tracing?.stats().destinations ?? [];
  expect(counters).toMatchObject({ ended: 4, exported: 3, held: 0, droppedTotal: 1, dropped: { sampled_out: 1 } });
  await receiver.close();
});

test('spans dropped by the limit are counted, and a flush ends the window early', async () => {
  const receiver = await startOtlpReceiver();
  const { tracer } = start({
    export: { protocol: 'http/protobuf', endpoint: receiver.url },
    sampling: { maxTracesPerSecond: 3 },
  });
  for (let i = 0; i < 10; i++) tracer.startSpan('root').end();
  expect(tracing?.stats().destinations[0]).toMatchObject({ ended: 10, held: 10 });
  await tracing?.flush();
  expect(receiver.spans).toHaveLength(3);
  expect(new Set(receiver.spans.map(({ traceState }) => traceState)).size).toBe(1);
  const [counters] = tracing?.stats().destinations ?? [];
  expect(counters).toMatchObject({ ended: 10, exported: 3, held: 0, dropped: { capped: 7 } });
  await receiver.close();
});

test('the hint lets wrappers skip spans that are certainly not sampled', async () => {
  start({ sampling: { sampler: { ratio: 0.1 } } });
  expect(isCertainlyUnsampled(unsampled)).toBe(true);
  expect(isCertainlyUnsampled(parentContext(traceId, true))).toBe(false);
  expect(isCertainlyUnsampled(ROOT_CONTEXT)).toBe(false);
  // The sampler checks a threshold that may contradict the flag.
  expect(isCertainlyUnsampled(parentContext(traceId, false, 'ot=th:0'))).toBe(false);
  expect(isCertainlyUnsampled(parentContext(traceId, false, 'ot=rv:00000000000001,a=b'))).toBe(true);
  const foreign = new TracerProvider();
  expect(isCertainlyUnsampled(unsampled, foreign)).toBe(false);
  await tracing?.shutdown();
  expect(isCertainlyUnsampled(unsampled)).toBe(false);
});

test.each([
  [{ keepErrors: true }],
  [{ keepSlow: 1 }],
  [{ keepWhen: () => false }],
  [{ errorBoost: { base: 0, max: 1 } }],
  [{ sampler: parentBased(alwaysOn, { remoteParentNotSampled: ratio(0.1) }) }],
])('the hint skips nothing if an unsampled span may still be kept: %o', (options) => {
  start({ sampling: options });
  expect(isCertainlyUnsampled(unsampled)).toBe(false);
});

test('the hint follows setSampler, and an environment variable for a sampler that is not parent-based', () => {
  start();
  expect(isCertainlyUnsampled(unsampled)).toBe(true);
  tracing?.setSampler(parentBased(alwaysOn, { remoteParentNotSampled: alwaysOn }));
  expect(isCertainlyUnsampled(unsampled)).toBe(false);
  tracing?.setSampler(parentBased(alwaysOn, { remoteParentNotSampled: alwaysOff }));
  expect(isCertainlyUnsampled(unsampled)).toBe(true);
});

test('setSampler takes effect immediately, and OTEL_TRACES_SAMPLER=always_on samples below unsampled parents', () => {
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_on');
  start({ sampling: { sampler: alwaysOff } });
  expect(isCertainlyUnsampled(unsampled)).toBe(false);
  expect(tracing?.tracer.startSpan('a', {}, unsampled).isRecording()).toBe(true);
  tracing?.setSampler({ ratio: 0 });
  expect(tracing?.tracer.startSpan('b').isRecording()).toBe(false);
  expect(() => tracing?.setSampler({ ratio: -1 })).toThrow(MqtraceError);
});

test('without a span the wrapper propagates the same context as an unsampled span', () => {
  const { tracer } = start();
  const state = createTraceState('vendor=1,ot=rv:00000000000001');
  const parent = trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: 'b7ad6b7169203331',
    traceFlags: 0,
    isRemote: true,
    traceState: state,
  });
  expect(isCertainlyUnsampled(parent)).toBe(true);
  const span = tracer.startSpan('unsampled', {}, parent).spanContext();
  expect(span).toMatchObject({ traceId, traceFlags: 0 });
  expect(span.traceState?.serialize()).toBe(state.serialize());
});

test('createSampling works in a provider of the user', async () => {
  const { createSampling } = await import('../sdk/index.ts');
  const exporter = new InMemorySpanExporter();
  const sampling = createSampling({ sampler: alwaysOff, keepErrors: true }, new SimpleSpanProcessor({ exporter }));
  const provider = new TracerProvider({ sampler: sampling.sampler, spanProcessors: [sampling.spanProcessor] });
  provider.getTracer('own').startSpan('failing').setStatus({ code: SpanStatusCode.ERROR }).end();
  await provider.forceFlush();
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['failing']);
  await provider.shutdown();
});
