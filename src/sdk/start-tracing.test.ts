import { context, diag, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { startOtlpGrpcReceiver } from '../../integration-tests/support/otlp-grpc-receiver.ts';
import { startOtlpReceiver } from '../../integration-tests/support/otlp-receiver.ts';
import { startTracing, type StartTracingOptions, type Tracing } from './index.ts';

const running: { close(): unknown }[] = [];

/** Stops at the end of the test, whatever its outcome. */
function start(options: StartTracingOptions): Tracing {
  const tracing = startTracing(options);
  running.push({ close: () => tracing.shutdown() });
  return tracing;
}

async function receiver(): ReturnType<typeof startOtlpReceiver> {
  const started = await startOtlpReceiver();
  running.push(started);
  return started;
}

afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.close();
  for (const api of [trace, context, propagation, diag]) api.disable();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test.each(['http/protobuf', 'http/json'] as const)('a span arrives whole over OTLP %s', async (protocol) => {
  const collector = await receiver();
  const tracing = start({
    serviceName: 'orders',
    serviceVersion: '1.2.3',
    deploymentEnvironment: 'test',
    resourceAttributes: { 'team.name': 'pay', 'service.name': 'loses to the option' },
    endpoint: collector.url,
    headers: { 'X-Api-Key': 'k1' },
    protocol,
  });
  const link = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
  tracing.span(
    'parent',
    { kind: SpanKind.CONSUMER, links: [{ context: link, attributes: { n: 1 } }], attributes: { list: ['a', 'b'] } },
    (parent) => {
      parent.addEvent('seen', { half: 0.5, yes: true });
      tracing.span('child', () => 1);
    },
  );
  await tracing.flush();

  expect(collector.requests).toHaveLength(1);
  expect(collector.requests[0]).toMatchObject({ path: '/v1/traces', headers: { 'x-api-key': 'k1' } });
  const [child, parent] = collector.spans;
  expect(parent).toMatchObject({
    name: 'parent',
    kind: 'CONSUMER',
    parentSpanId: '',
    scope: { name: 'orders', version: '1.2.3' },
    attributes: { list: ['a', 'b'] },
    events: [{ name: 'seen', attributes: { half: 0.5, yes: true } }],
    links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), attributes: { n: 1 } }],
    status: { code: 'UNSET', message: '' },
    resource: {
      'service.name': 'orders',
      'service.version': '1.2.3',
      'deployment.environment.name': 'test',
      'team.name': 'pay',
      'telemetry.sdk.language': 'nodejs',
      'process.pid': process.pid,
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  });
  expect(child).toMatchObject({ name: 'child', traceId: parent?.traceId, parentSpanId: parent?.spanId });
  expect(Number(parent!.endTimeUnixNano - parent!.startTimeUnixNano)).toBeGreaterThan(0);
});

test('a span arrives over OTLP gRPC, with headers as metadata', async () => {
  const collector = await startOtlpGrpcReceiver();
  running.push(collector);
  const tracing = start({
    serviceName: 'orders',
    endpoint: collector.url,
    protocol: 'grpc',
    headers: { 'X-Key': 'k' },
  });
  tracing.span('over grpc', () => undefined);
  await tracing.flush();
  expect(collector.spans).toMatchObject([{ name: 'over grpc', resource: { 'service.name': 'orders' } }]);
  expect(collector.metadata).toMatchObject([{ 'x-key': 'k' }]);
});

test('what is registered carries spans, context and baggage for everyone', async () => {
  const collector = await receiver();
  const tracing = start({ endpoint: collector.url });
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

test('a thrown error is on the span, with status and type', async () => {
  const collector = await receiver();
  const tracing = start({ endpoint: collector.url });
  const error = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  expect(() =>
    tracing.span('fails', () => {
      tracing.recordError(error);
      throw error;
    }),
  ).toThrow(error);
  await tracing.shutdown();
  expect(collector.spans).toMatchObject([
    {
      status: { code: 'ERROR', message: 'refused' },
      attributes: { 'error.type': 'ECONNREFUSED' },
      events: [{ name: 'exception', attributes: { 'exception.message': 'refused' } }],
    },
  ]);
});
