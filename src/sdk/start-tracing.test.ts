import { json } from 'node:stream/consumers';
import { SpanKind } from '@opentelemetry/api';
import { expect, test, vi } from 'vitest';
import { startOtlpGrpcReceiver } from '../../test-support/otlp-grpc-receiver.ts';
import { startTracing } from './index.ts';
import { collectDiag } from './testing/diag-log.ts';
import { cleanUpAfterEach, closeLater, receiver, serve, start } from './testing/fixture.ts';

cleanUpAfterEach();

test.each(['http/protobuf', 'http/json'] as const)(
  'a span is received with all data over OTLP %s',
  async (protocol) => {
    const collector = await receiver();
    const tracing = start({
      serviceName: 'orders',
      serviceVersion: '1.2.3',
      deploymentEnvironment: 'test',
      resourceAttributes: { 'team.name': 'pay', 'service.name': 'loses to the option' },
      export: {
        endpoint: collector.url,
        headers: { 'X-Api-Key': 'k1' },
        protocol,
      },
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
  },
);

test('a span is received over OTLP gRPC, with headers as metadata', async () => {
  const collector = closeLater(await startOtlpGrpcReceiver());
  const tracing = start({
    serviceName: 'orders',
    export: {
      endpoint: collector.url,
      protocol: 'grpc',
      headers: { 'X-Key': 'k' },
    },
  });
  tracing.span('over grpc', () => undefined);
  await tracing.flush();
  expect(collector.spans).toMatchObject([{ name: 'over grpc', resource: { 'service.name': 'orders' } }]);
  expect(collector.metadata).toMatchObject([{ 'x-key': 'k' }]);
});

test('a header that gRPC cannot send is omitted and logged without its value', async () => {
  const collector = closeLater(await startOtlpGrpcReceiver());
  const reported = collectDiag();
  const headers = { 'x!y': 'secret', 'x-bin': 'secret', 'x-ok': 'yes' };
  const tracing = start({ export: { endpoint: collector.url, protocol: 'grpc', headers } });
  tracing.span('work', () => undefined);
  await tracing.flush();
  expect(collector.metadata).toMatchObject([{ 'x-ok': 'yes' }]);
  expect(reported).toEqual([
    'mqtrace: the header "x!y" cannot be sent over gRPC and is omitted',
    'mqtrace: the header "x-bin" cannot be sent over gRPC and is omitted',
  ]);
});

test('a thrown error is recorded on the span, with status and type', async () => {
  const collector = await receiver();
  const tracing = start({ export: { endpoint: collector.url } });
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

test('variables that are set take precedence over the options', async () => {
  const [fromCode, fromVariable] = [await receiver(), await receiver()];
  vi.stubEnv('OTEL_SERVICE_NAME', 'renamed');
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', fromVariable.url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-key=variable');
  vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json');
  vi.stubEnv('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', '1');
  const headers = { 'X-Key': 'code', 'X-Own': 'own' };
  const options = { serviceName: 'orders', export: { endpoint: fromCode.url, headers } };
  const tracing = start({ ...options, spanLimits: { attributeCountLimit: 5, attributeValueLengthLimit: 2 } });
  tracing.span('work', { attributes: { a: 'long', b: 'x' } }, () => undefined);
  await tracing.flush();
  expect(fromCode.requests).toEqual([]);
  expect(fromVariable.requests).toMatchObject([
    { headers: { 'x-key': 'variable', 'x-own': 'own', 'content-type': 'application/json' } },
  ]);
  expect(fromVariable.spans).toMatchObject([{ resource: { 'service.name': 'renamed' }, attributes: { a: 'lo' } }]);
  expect(fromVariable.spans[0]?.attributes).not.toHaveProperty('b');
});

test.each(['http/protobuf', 'grpc'] as const)('with environment: ignore nothing is read, over %s', async (protocol) => {
  const collector = protocol === 'grpc' ? closeLater(await startOtlpGrpcReceiver()) : await receiver();
  vi.stubEnv('OTEL_SDK_DISABLED', 'true');
  vi.stubEnv('OTEL_SERVICE_NAME', 'renamed');
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_off');
  vi.stubEnv('OTEL_TRACES_EXPORTER', 'none');
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1');
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=not for this collector');
  const tracing = start({
    serviceName: 'orders',
    export: { endpoint: collector.url, protocol },
    environment: 'ignore',
  });
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
  const lines = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  vi.stubEnv('OTEL_TRACES_EXPORTER', 'otlp,console');
  const tracing = start({ export: { endpoint: collector.url } });
  tracing.span('work', () => undefined);
  await tracing.flush();
  expect(lines).toHaveBeenCalledWith(expect.stringContaining(' work '));
  expect(collector.spans).toMatchObject([{ name: 'work' }]);
});

test('Zipkin receives its own format', async () => {
  const bodies: unknown[] = [];
  const url = await serve((request, response) => {
    void json(request).then((body) => {
      bodies.push({ path: request.url, key: request.headers['x-key'], spans: body });
      response.writeHead(202).end();
    });
  });
  const endpoint = url;
  const tracing = start({ serviceName: 'orders', export: { protocol: 'zipkin', endpoint, headers: { 'x-key': 'k' } } });
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

test('await using shuts down', async () => {
  const collector = await receiver();
  {
    await using tracing = startTracing({ export: { endpoint: collector.url } });
    tracing.span('work', () => undefined);
  }
  expect(collector.spans).toMatchObject([{ name: 'work' }]);
});

test.each([
  [
    ['x'],
    `tracing.span("x", fn): expected a function, which runs in the span: tracing.span("x", () => work()), got undefined`,
  ],
  [['x', Promise.resolve(1)], 'got a promise (is an await missing?)'],
  [['x', {}], 'got an object'],
  [['x', 7, () => 1], 'tracing.span("x", options, fn): expected an object, got 7'],
] as const)('tracing.span(...%o) throws an error that shows the signature', (given, message) => {
  const tracing = start({ export: { protocol: 'none' } });
  expect(() =>
    Reflect.apply((...rest: never) => tracing.span(...(rest as [string, () => 1])), undefined, given),
  ).toThrow(message);
});

test('a misspelt option of the methods is reported, and a flush or a shutdown continues without it', async () => {
  const collector = await receiver();
  const reported = collectDiag();
  const tracing = start({ export: { endpoint: collector.url } });
  expect(() => tracing.openSpans({ olderThanMS: 5 } as never)).toThrow(
    '[INVALID_OPTION] tracing.openSpans: unknown option "olderThanMS"; did you mean "olderThanMs"?',
  );
  tracing.span('work', () => undefined);
  expect(await tracing.flush({ timeout: 5 } as never)).toEqual({ exported: 1, left: 0, dropped: 0 });
  await tracing.shutdown('SIGTERM' as never);
  expect(reported).toEqual([
    expect.stringContaining('tracing.flush: unknown option "timeout"; did you mean "timeoutMs"?'),
    expect.stringContaining('tracing.shutdown: expected an object, got "SIGTERM"'),
  ]);
});

test('options that are a promise or a Map throw', () => {
  expect(() => startTracing(Promise.resolve({}) as never)).toThrow(
    'startTracing(options): expected an object, got a promise (is an await missing?)',
  );
  expect(() => startTracing({ resourceAttributes: new Map() as never })).toThrow(
    'expected an object of attributes, got an instance of Map',
  );
});
