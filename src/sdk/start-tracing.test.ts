import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import {
  type Context,
  context,
  diag,
  propagation,
  type ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, expect, test, vi } from 'vitest';
import { startOtlpGrpcReceiver } from '../../integration-tests/support/otlp-grpc-receiver.ts';
import { startOtlpReceiver } from '../../integration-tests/support/otlp-receiver.ts';
import { startTracing, type StartTracingOptions, type Tracing } from './index.ts';
import { collectDiag } from './testing/diag-log.ts';

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

test('variables that are set win over the options', async () => {
  const [fromCode, fromVariable] = [await receiver(), await receiver()];
  vi.stubEnv('OTEL_SERVICE_NAME', 'renamed');
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', fromVariable.url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-key=variable');
  vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json');
  vi.stubEnv('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', '1');
  const options = { serviceName: 'orders', endpoint: fromCode.url, headers: { 'X-Key': 'code', 'X-Own': 'own' } };
  const tracing = start({ ...options, spanLimits: { attributeCountLimit: 5, attributeValueLengthLimit: 2 } });
  tracing.span('work', { attributes: { a: 'long', b: 'x' } }, () => undefined);
  await tracing.flush();
  expect(fromCode.requests).toEqual([]);
  expect(fromVariable.requests).toMatchObject([
    { headers: { 'x-key': 'variable', 'x-own': 'own', 'content-type': 'application/json' } },
  ]);
  expect(fromVariable.spans).toMatchObject([
    { resource: { 'service.name': 'renamed' }, attributes: { a: 'lo' }, droppedAttributesCount: 1 },
  ]);
  expect(fromVariable.spans[0]?.attributes).not.toHaveProperty('b');
});

test.each(['http/protobuf', 'grpc'] as const)('with environment: ignore nothing is read, over %s', async (protocol) => {
  const collector = protocol === 'grpc' ? await startOtlpGrpcReceiver() : await receiver();
  running.push(collector);
  vi.stubEnv('OTEL_SDK_DISABLED', 'true');
  vi.stubEnv('OTEL_SERVICE_NAME', 'renamed');
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_off');
  vi.stubEnv('OTEL_TRACES_EXPORTER', 'none');
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1');
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=not for this collector');
  const tracing = start({ serviceName: 'orders', endpoint: collector.url, protocol, environment: 'ignore' });
  expect(process.env['OTEL_EXPORTER_OTLP_ENDPOINT']).toBe('http://127.0.0.1:1');
  tracing.span('work', () => undefined);
  await tracing.flush();
  expect(collector.spans).toMatchObject([{ resource: { 'service.name': 'orders' } }]);
  const sent = 'metadata' in collector ? collector.metadata[0] : collector.requests[0]?.headers;
  expect(sent).toBeDefined();
  expect(sent).not.toHaveProperty('authorization');
});

test('several exporters get every span', async () => {
  const collector = await receiver();
  const lines = vi.spyOn(console, 'dir').mockImplementation(() => undefined);
  vi.stubEnv('OTEL_TRACES_EXPORTER', 'otlp,console');
  const tracing = start({ endpoint: collector.url });
  tracing.span('work', () => undefined);
  expect(lines).toHaveBeenCalledWith(expect.objectContaining({ name: 'work' }), expect.anything());
  await tracing.flush();
  expect(collector.spans).toMatchObject([{ name: 'work' }]);
});

test('Zipkin gets its own format', async () => {
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      bodies.push({ path: request.url, key: request.headers['x-key'], spans: body });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  running.push({ close: () => server.close() });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tracing = start({ serviceName: 'orders', protocol: 'zipkin', endpoint, headers: { 'x-key': 'k' } });
  tracing.span('work', { kind: SpanKind.PRODUCER }, () => undefined);
  await tracing.shutdown();
  expect(bodies).toMatchObject([
    {
      path: '/api/v2/spans',
      key: 'k',
      spans: [{ name: 'work', kind: 'PRODUCER', localEndpoint: { serviceName: 'orders' } }],
    },
  ]);
});

test('OTEL_SDK_DISABLED records nothing, while the context still travels', async () => {
  const collector = await receiver();
  vi.stubEnv('OTEL_SDK_DISABLED', 'true');
  const tracing = start({ endpoint: collector.url });
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

function fails(): never {
  throw new Error('broken processor');
}

test('a processor of the application sees spans first, and its faults stay with it', async () => {
  const collector = await receiver();
  const reported = collectDiag();
  const order: string[] = [];
  const broken = { onStart: fails, onEnding: fails, onEnd: fails, forceFlush: fails, shutdown: fails };
  const good = {
    onStart: (span: { setAttribute(name: string, value: string): unknown }) => void span.setAttribute('seen', 'yes'),
    onEnd: (span: { name: string }) => void order.push(span.name),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const tracing = start({ endpoint: collector.url, spanProcessors: [broken, good] });
  expect(tracing.span('work', () => 7)).toBe(7);
  expect(order).toEqual(['work']);
  await tracing.shutdown();
  expect(collector.spans).toMatchObject([{ name: 'work', attributes: { seen: 'yes' } }]);
  expect(reported.join('\n')).toContain('broken processor');
});

test('with register: false the API is left alone', async () => {
  const collector = await receiver();
  const tracing = start({ endpoint: collector.url, register: false });
  expect(propagation.fields()).toEqual([]);
  trace.getTracer('library').startSpan('through the API').end();
  tracing.span('own', () => undefined);
  await tracing.shutdown();
  expect(collector.spans).toMatchObject([{ name: 'own' }]);
});

test('called twice, it warns, and the second one exports what is made through it', async () => {
  const [first, second] = [await receiver(), await receiver()];
  const reported = collectDiag();
  const one = start({ endpoint: first.url });
  const two = start({ endpoint: second.url });
  expect(reported).toEqual([expect.stringContaining('startTracing() was called before and is still running')]);
  trace.getTracer('library').startSpan('through the API').end();
  two.span('own', () => undefined);
  await Promise.all([one.shutdown(), two.shutdown()]);
  expect(first.spans).toMatchObject([{ name: 'through the API' }]);
  expect(second.spans).toMatchObject([{ name: 'own' }]);
});

test('after shutdown it may be called again', async () => {
  const [first, second] = [await receiver(), await receiver()];
  const reported = collectDiag();
  await start({ endpoint: first.url }).shutdown();
  const two = start({ endpoint: second.url, propagator: ['baggage'] });
  expect(propagation.fields()).toEqual(['baggage']);
  context.with(
    trace.setSpanContext(ROOT_CONTEXT, { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 1 }),
    () => trace.getTracer('library').startSpan('through the API').end(),
  );
  await two.shutdown();
  expect(first.spans).toEqual([]);
  expect(second.spans).toMatchObject([{ name: 'through the API' }]);
  expect(reported).toEqual([]);
});

test("what another SDK has registered stays, and one's own choices that have no effect are reported", async () => {
  const other = new TracerProvider();
  trace.setGlobalTracerProvider(other);
  const theirs = { inject: () => undefined, extract: (given: Context) => given, fields: () => ['theirs'] };
  propagation.setGlobalPropagator(theirs);
  const reported = collectDiag();
  const tracing = start({ protocol: 'none', propagator: ['b3'] });
  expect(reported).toEqual([
    expect.stringContaining('a tracer provider is registered already'),
    expect.stringContaining('a propagator is registered already'),
  ]);
  expect(propagation.fields()).toEqual(['theirs']);
  expect((trace.getTracerProvider() as ProxyTracerProvider).getDelegate()).toBe(other);
  await tracing.span('context still works', async (span) => {
    await Promise.resolve();
    expect(trace.getActiveSpan()).toBe(span);
  });
});

test('contextManager: false registers none', () => {
  const tracing = start({ protocol: 'none', contextManager: false });
  tracing.span('work', () => expect(trace.getActiveSpan()).toBeUndefined());
});

test('flush and shutdown resolve although the collector refuses, and say so', async () => {
  const reported = collectDiag();
  const server = createServer((_, response) => void response.writeHead(400).end('no'));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  running.push({ close: () => server.close() });
  const tracing = start({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  tracing.span('refused', () => undefined);
  await expect(tracing.flush()).resolves.toBeUndefined();
  expect(reported).toEqual([expect.stringContaining('mqtrace: flush did not export everything')]);
  await expect(tracing.shutdown()).resolves.toBeUndefined();
});

test('flush and shutdown give up on a collector that never answers', async () => {
  const reported = collectDiag();
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  running.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  const tracing = startTracing({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  tracing.span('never answered', () => undefined);
  await tracing.flush({ timeoutMs: 20 });
  expect(reported.join()).toContain('flush did not export everything Error: not done after 20 ms');
  const ending = tracing.shutdown({ timeoutMs: 20 });
  expect(tracing.shutdown()).toBe(ending);
  await ending;
  await tracing.flush();
});

test('await using shuts down', async () => {
  const collector = await receiver();
  {
    await using tracing = startTracing({ endpoint: collector.url });
    tracing.span('work', () => undefined);
  }
  expect(collector.spans).toMatchObject([{ name: 'work' }]);
});
