import { metrics, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { CollectedMetrics, type Point } from './testing/collected-metrics.ts';
import { collectDiag } from './testing/diag-log.ts';
import { GrpcReceiver } from '../../test-support/otlp-grpc-receiver.ts';
import { cleanUpAfterEach, receiver, serve, start } from './testing/fixture.ts';

cleanUpAfterEach();
afterEach(() => {
  vi.useRealTimers();
  metrics.disable();
});

const nothing = (): void => undefined;
const values = (points: readonly Point[] | undefined, key?: string): unknown =>
  key === undefined
    ? points?.map((point) => point.value)
    : Object.fromEntries((points ?? []).map(({ attributes, value }) => [attributes[key] ?? 'none', value]));

test('metrics have the numbers of stats(), with the names of OpenTelemetry where they exist', async () => {
  const collector = await receiver();
  const collected = new CollectedMetrics();
  let n = 0;
  const sampler = {
    shouldSample: () => ({
      decision: n++ % 3 === 0 ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    }),
    toString: () => 'every third',
  };
  // With keepErrors, spans that the sampler drops are still recorded.
  const tracing = start({
    export: { endpoint: collector.url },
    meterProvider: collected.provider,
    sampling: { sampler, keepErrors: true },
  });
  for (let i = 0; i < 30; i++) tracing.span('work', nothing);
  const open = [0, 1].map(() => tracing.tracer.startSpan('open'));

  const before = await collected.collect();
  expect(values(before['otel.sdk.span.started'], 'otel.span.sampling_result')).toEqual({
    RECORD_AND_SAMPLE: 11,
    RECORD_ONLY: 21,
  });
  expect(before['otel.sdk.span.started']![0]!.attributes).toHaveProperty(['otel.span.parent.origin'], 'none');
  expect(values(before['otel.sdk.span.live'], 'otel.span.sampling_result')).toEqual({
    RECORD_ONLY: 1,
    RECORD_AND_SAMPLE: 1,
  });
  expect(values(before['otel.sdk.processor.span.queue.size'])).toEqual([10]);
  expect(values(before['otel.sdk.processor.span.queue.capacity'])).toEqual([100_000]);
  expect(values(before['otel.sdk.processor.span.processed'])).toEqual([0]);
  expect(before['mqtrace.export.latency.last']).toBeUndefined();
  expect(before['mqtrace.export.memory']![0]!.value).toBeGreaterThan(0);

  await tracing.flush();
  const after = await collected.collect();
  const { attributes } = after['otel.sdk.exporter.span.exported']![0]!;
  expect(attributes).toMatchObject({
    'otel.component.type': 'otlp_http_span_exporter',
    'otel.component.name': expect.stringMatching(/^otlp_http_span_exporter\/\d+$/) as string,
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(collector.url).port),
  });
  expect(values(after['otel.sdk.exporter.span.exported'])).toEqual([10]);
  expect(values(after['otel.sdk.exporter.span.inflight'])).toEqual([0]);
  expect(values(after['otel.sdk.processor.span.processed'])).toEqual([10]);
  expect(values(after['mqtrace.span.dropped'], 'mqtrace.drop.reason')).toEqual({ sampled_out: 20 });
  expect(values(after['mqtrace.export.requests'])).toEqual([1]);
  expect(after['mqtrace.export.latency.last']![0]!.value).toBeGreaterThan(0);
  for (const span of open) span.end();
  await tracing.shutdown();
  // Also after the shutdown, because the last collection is later.
  expect(values((await collected.collect())['otel.sdk.span.live'])).toEqual([0, 0]);
});

test('a span that the sampler drops is counted as such', async () => {
  const collected = new CollectedMetrics();
  const options = { export: { protocol: 'none' }, register: false, meterProvider: collected.provider } as const;
  const tracing = start({ ...options, sampling: { sampler: { ratio: 0 } } });
  for (let i = 0; i < 3; i++) tracing.span('work', nothing);
  expect(values((await collected.collect())['otel.sdk.span.started'], 'otel.span.sampling_result')).toEqual({
    DROP: 3,
  });
});

test('losses are metrics by reason, separately for the exporter and the processor', async () => {
  collectDiag();
  const url = await serve((_, response) => void response.writeHead(400).end());
  const collected = new CollectedMetrics();
  const tracing = start({ export: { endpoint: url, maxQueueSpans: 3 }, meterProvider: collected.provider });
  for (let i = 0; i < 5; i++) tracing.span('work', nothing);
  await tracing.shutdown();
  const found = await collected.collect();
  expect(values(found['otel.sdk.exporter.span.exported'], 'error.type')).toEqual({ none: 0, 400: 3 });
  expect(values(found['otel.sdk.processor.span.processed'], 'error.type')).toEqual({ none: 3, queue_full: 2 });
  expect(values(found['mqtrace.span.dropped'], 'mqtrace.drop.reason')).toEqual({ rejected: 3, queue_full: 2 });
});

test('a span counts as processed when it is handed to the exporter, for any outcome of the export', async () => {
  collectDiag();
  let status = 503;
  const url = await serve((_, response) => void response.writeHead(status).end());
  const collected = new CollectedMetrics();
  const tracing = start({ export: { endpoint: url }, meterProvider: collected.provider });
  tracing.span('work', nothing);
  await tracing.flush({ timeoutMs: 100 });
  const meanwhile = await collected.collect();
  expect(meanwhile['otel.sdk.processor.span.processed']).toMatchObject([{ value: 1 }]);
  // A failed attempt does not finish the export.
  expect(values(meanwhile['otel.sdk.exporter.span.exported'])).toEqual([0]);
  expect(meanwhile['otel.sdk.exporter.operation.duration']).toBeUndefined();
  status = 200;
  await tracing.flush();
  const after = await collected.collect();
  expect(values(after['otel.sdk.exporter.span.exported'])).toEqual([1]);
  expect(after['otel.sdk.exporter.operation.duration']).toMatchObject([
    { value: 1, attributes: { 'http.response.status_code': 200, 'server.address': '127.0.0.1' } },
  ]);
  expect(after['otel.sdk.exporter.operation.duration']![0]!.attributes).not.toHaveProperty(['error.type']);
});

test('failed exports are timed with their error, and spans after the shutdown are already_shutdown', async () => {
  collectDiag();
  const url = await serve((_, response) => void response.writeHead(401).end());
  const collected = new CollectedMetrics();
  const tracing = start({ export: { endpoint: url }, meterProvider: collected.provider });
  const late = tracing.tracer.startSpan('late');
  tracing.span('work', nothing);
  await tracing.shutdown();
  late.end();
  const found = await collected.collect();
  expect(found['otel.sdk.exporter.operation.duration']).toMatchObject([
    { value: 1, attributes: { 'error.type': '401', 'http.response.status_code': 401 } },
  ]);
  expect(values(found['otel.sdk.processor.span.processed'], 'error.type')).toEqual({ none: 1, already_shutdown: 1 });
});

test.each([
  [16, 'UNAUTHENTICATED'],
  [3, 'INVALID_ARGUMENT'],
  [12, 'UNIMPLEMENTED'],
])('a failed export over gRPC has the name of status %i', async (status, name) => {
  collectDiag();
  const grpc = await new GrpcReceiver().start();
  onTestFinished(() => grpc.stop());
  grpc.behaviour = { status };
  const collected = new CollectedMetrics();
  const tracing = start({ export: { protocol: 'grpc', endpoint: grpc.url }, meterProvider: collected.provider });
  tracing.span('work', nothing);
  await tracing.shutdown();
  const found = await collected.collect();
  const attributes = { 'error.type': name, 'rpc.response.status_code': name };
  expect(found['otel.sdk.exporter.operation.duration']).toMatchObject([{ value: 1, attributes }]);
  expect(values(found['otel.sdk.exporter.span.exported'], 'error.type')).toMatchObject({ [name]: 1 });
});

test('started spans are counted by the origin of their parent', async () => {
  const collected = new CollectedMetrics();
  const tracing = start({ export: { protocol: 'none' }, meterProvider: collected.provider });
  const remote = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 1,
    isRemote: true,
  });
  tracing.span('root', () => tracing.span('child', nothing));
  tracing.tracer.startSpan('consumer', {}, remote);
  expect(values((await collected.collect())['otel.sdk.span.started'], 'otel.span.parent.origin')).toEqual({
    none: 1,
    local: 1,
    remote: 1,
  });
});

test('a meter provider that throws does not reach the application', async () => {
  const collector = await receiver();
  const reported = collectDiag();
  const broken = {
    getMeter: () => {
      throw new Error('no meter');
    },
  };
  const tracing = start({ export: { endpoint: collector.url }, meterProvider: broken });
  expect(tracing.span('work', () => 7)).toBe(7);
  await tracing.shutdown();
  expect(collector.spans).toHaveLength(1);
  expect(reported.join()).toContain('no meter');
});

test('tracing.span counts and times its operations by name and error, sampled or not', async () => {
  collectDiag();
  const collected = new CollectedMetrics();
  const tracing = start({
    export: { protocol: 'none' },
    meterProvider: collected.provider,
    sampling: { sampler: { ratio: 0 } },
  });
  const failure = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  tracing.span('sync', nothing);
  await tracing.span('async', () => Promise.resolve());
  expect(() =>
    tracing.span('sync', () => {
      throw failure;
    }),
  ).toThrow(failure);
  await expect(tracing.span('async', () => Promise.reject(failure))).rejects.toBe(failure);
  const expected = [
    { attributes: { 'mqtrace.operation.name': 'sync' }, value: 1 },
    { attributes: { 'mqtrace.operation.name': 'async' }, value: 1 },
    { attributes: { 'mqtrace.operation.name': 'sync', 'error.type': 'ECONNREFUSED' }, value: 1 },
    { attributes: { 'mqtrace.operation.name': 'async', 'error.type': 'ECONNREFUSED' }, value: 1 },
  ];
  const found = await collected.collect();
  expect(found['mqtrace.operation.count']).toEqual(expected);
  expect(found['mqtrace.operation.duration']).toEqual(expected);
});

test('operations are counted only if enabled; then also with a provider that is registered later', async () => {
  const [given, registered] = [new CollectedMetrics(), new CollectedMetrics()];
  const without = start({
    export: {
      protocol: 'none',
    },
    register: false,
    meterProvider: given.provider,
    operationMetrics: false,
  });
  const late = start({ export: { protocol: 'none' }, register: false, operationMetrics: true });
  late.span('too early', nothing);
  metrics.setGlobalMeterProvider(registered.provider);
  without.span('not counted', nothing);
  late.span('counted', nothing);
  expect(await given.collect()).not.toHaveProperty(['mqtrace.operation.count']);
  expect((await registered.collect())['mqtrace.operation.count']).toEqual([
    { attributes: { 'mqtrace.operation.name': 'counted' }, value: 1 },
  ]);
});

test('openSpans returns spans that have not ended, the oldest first', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const tracing = start({ export: { protocol: 'none' }, register: false, trackOpenSpans: true });
  const [first, second] = [tracing.tracer.startSpan('first'), tracing.tracer.startSpan('second')];
  vi.advanceTimersByTime(59_000);
  tracing.tracer.startSpan('third');
  expect(tracing.openSpans()).toEqual([]);
  expect(tracing.openSpans({ olderThanMs: 0 }).map(({ name }) => name)).toEqual(['first', 'second', 'third']);
  vi.advanceTimersByTime(2000);
  second.end();
  const { traceId, spanId } = first.spanContext();
  expect(tracing.openSpans()).toEqual([{ name: 'first', traceId, spanId, ageMs: 61_000 }]);
  first.end();
  expect(tracing.openSpans()).toEqual([]);
});

test('openSpans tracks at most ten thousand spans, and none unless enabled', () => {
  const reported = collectDiag();
  const off = start({ export: { protocol: 'none' }, register: false });
  off.tracer.startSpan('open');
  expect(off.openSpans({ olderThanMs: 0 })).toEqual([]);
  expect(reported).toEqual([expect.stringContaining('trackOpenSpans')]);
  const on = start({ export: { protocol: 'none' }, register: false, trackOpenSpans: true });
  for (let i = 0; i < 10_001; i++) on.tracer.startSpan(`${i}`);
  expect(on.openSpans({ olderThanMs: 0 })).toHaveLength(10_000);
});

test('one warning if no span was created a minute after the start', () => {
  vi.useFakeTimers();
  const reported = collectDiag();
  start({ export: { protocol: 'none' } });
  vi.advanceTimersByTime(59_000);
  expect(reported).toEqual([]);
  vi.advanceTimersByTime(600_000);
  expect(reported).toEqual([expect.stringContaining('no span was created in the first minute after startTracing()')]);
});

test('a warning if no span was created until the shutdown; none if there was a span, or nothing is registered', async () => {
  const reported = collectDiag();
  const silent = start({ export: { protocol: 'none' } });
  await silent.shutdown();
  expect(reported).toEqual([expect.stringContaining('from startTracing() to its shutdown')]);
  const used = start({ export: { protocol: 'none' } });
  trace.getTracer('library').startSpan('work').end();
  await used.shutdown();
  await start({ export: { protocol: 'none' }, register: false }).shutdown();
  expect(reported).toHaveLength(1);
});

test('one warning if spans end after the shutdown', async () => {
  const collector = await receiver();
  const reported = collectDiag();
  const tracing = start({ export: { endpoint: collector.url } });
  const [late, later] = [tracing.tracer.startSpan('late'), tracing.tracer.startSpan('later')];
  await tracing.shutdown();
  late.end();
  later.end();
  expect(reported).toEqual([expect.stringContaining('spans end after the shutdown of tracing and are lost')]);
  expect(reported[0]).toContain('"late"');
  expect(tracing.stats().destinations[0]?.dropped.after_shutdown).toBe(2);
});
