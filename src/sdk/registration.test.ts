import { type Context, context, propagation, type ProxyTracerProvider, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test, vi } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { inject } from '../propagation/index.ts';
import { collectDiag } from './testing/diag-log.ts';
import { cleanUpAfterEach, receiver, start } from './testing/fixture.ts';

cleanUpAfterEach();

test('registered tracing handles spans, context and baggage for all code', async () => {
  const collector = await receiver();
  const tracing = start({ export: { endpoint: collector.url } });
  const span = trace.getTracer('library').startSpan('through the API');
  await context.with(trace.setSpan(ROOT_CONTEXT, span), async () => {
    await Promise.resolve();
    const carrier: Record<string, string> = {};
    const baggage = propagation.createBaggage({ tenant: { value: 'a' } });
    propagation.inject(propagation.setBaggage(context.active(), baggage), carrier);
    expect(carrier['traceparent']).toContain(span.spanContext().traceId);
    expect(carrier['baggage']).toBe('tenant=a');
  });
  span.end();
  await tracing.flush();
  expect(collector.spans).toMatchObject([
    { name: 'through the API', scope: { name: 'library' }, resource: { 'service.name': 'unknown_service:node' } },
  ]);
});

test('OTEL_SDK_DISABLED records nothing, but context is still propagated', async () => {
  const collector = await receiver();
  vi.stubEnv('OTEL_SDK_DISABLED', 'true');
  const tracing = start({ export: { endpoint: collector.url } });
  const incoming = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, baggage: 'tenant=a' };
  const outgoing: Record<string, string> = {};
  const parent = propagation.extract(ROOT_CONTEXT, incoming);
  const result = context.with(parent, () =>
    tracing.span('work', (span) => {
      expect(span.isRecording()).toBe(false);
      propagation.inject(context.active(), outgoing);
      return 7;
    }),
  );
  expect(result).toBe(7);
  expect(outgoing).toEqual(incoming);
  trace.getTracer('library').startSpan('work').end();
  await tracing.flush();
  await tracing.shutdown();
  expect(collector.requests).toEqual([]);
});

test('with register: false nothing is registered with the API', async () => {
  const collector = await receiver();
  const tracing = start({ export: { endpoint: collector.url }, register: false });
  expect(propagation.fields()).toEqual([]);
  trace.getTracer('library').startSpan('through the API').end();
  tracing.span('own', () => undefined);
  await tracing.shutdown();
  expect(collector.spans).toMatchObject([{ name: 'own' }]);
});

test('called twice, it warns, and the second one exports only its own spans', async () => {
  const [first, second] = [await receiver(), await receiver()];
  const reported = collectDiag();
  const one = start({ export: { endpoint: first.url } });
  const two = start({ export: { endpoint: second.url } });
  expect(reported).toEqual([expect.stringContaining('startTracing() was called before and is still running')]);
  trace.getTracer('library').startSpan('through the API').end();
  two.span('own', () => undefined);
  await Promise.all([one.shutdown(), two.shutdown()]);
  expect(first.spans).toMatchObject([{ name: 'through the API' }]);
  expect(second.spans).toMatchObject([{ name: 'own' }]);
});

test('called twice without a logger, it warns on stderr, once', async () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const [one, two] = [start({ export: { protocol: 'none' } }), start({ export: { protocol: 'none' } })];
  const lines = write.mock.calls.map(([text]) => text);
  write.mockRestore();
  expect(lines).toEqual([
    expect.stringMatching(/^mqtrace: startTracing\(\) was called before and is still running: .*\n$/),
  ]);
  await Promise.all([one.shutdown(), two.shutdown()]);
});

test('there is no warning for a named propagator that does not propagate everything', () => {
  const reported = collectDiag();
  start({ propagator: ['tracecontext'], export: { protocol: 'none' } });
  inject(kafkaHeaders, {}, ROOT_CONTEXT);
  expect(reported).toEqual([]);
});

test('after shutdown it may be called again', async () => {
  const [first, second] = [await receiver(), await receiver()];
  const reported = collectDiag();
  const one = start({ export: { endpoint: first.url } });
  one.span('before', () => undefined);
  await one.shutdown();
  const two = start({ export: { endpoint: second.url }, propagator: ['baggage'] });
  expect(propagation.fields()).toEqual(['baggage']);
  context.with(
    trace.setSpanContext(ROOT_CONTEXT, { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 1 }),
    () => trace.getTracer('library').startSpan('through the API').end(),
  );
  await two.shutdown();
  expect(first.spans).toMatchObject([{ name: 'before' }]);
  expect(second.spans).toMatchObject([{ name: 'through the API' }]);
  expect(reported).toEqual([]);
});

test('registrations of another SDK are kept, and configured parts without effect are reported', async () => {
  const other = new TracerProvider();
  trace.setGlobalTracerProvider(other);
  const theirs = { inject: () => undefined, extract: (given: Context) => given, fields: () => ['theirs'] };
  propagation.setGlobalPropagator(theirs);
  const reported = collectDiag();
  const tracing = start({ export: { protocol: 'none' }, propagator: ['b3'] });
  expect(reported).toEqual([
    expect.stringContaining('a tracer provider is already registered'),
    expect.stringContaining('a propagator is already registered'),
  ]);
  expect(propagation.fields()).toEqual(['theirs']);
  expect((trace.getTracerProvider() as ProxyTracerProvider).getDelegate()).toBe(other);
  await tracing.span('context still works', async (span) => {
    await Promise.resolve();
    expect(trace.getActiveSpan()).toBe(span);
  });
});

test('contextManager: false registers none', () => {
  const tracing = start({ export: { protocol: 'none' }, contextManager: false });
  tracing.span('work', () => expect(trace.getActiveSpan()).toBeUndefined());
});
