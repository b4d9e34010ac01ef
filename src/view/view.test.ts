import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { SpanKind, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startView, type View, type ViewOptions } from './index.ts';
import type { MapAnswer } from './queries/types.ts';
import { attributesOf, jsonRequest, request, spanId, traceId } from './testing/otlp.ts';

const anyPorts = { port: 0, otlpPort: 0, grpcPort: 0 };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mqtrace-view-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function running(options: ViewOptions = {}): Promise<View> {
  const view = await startView({ ...anyPorts, ...options });
  onTestFinished(() => view.close());
  return view;
}

const post = (
  view: View,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
  path = '/v1/traces',
): Promise<Response> => fetch(`${view.otlpUrl}${path}`, { method: 'POST', body, headers });

const protobuf = { 'content-type': 'application/x-protobuf' };
const sent = {
  kind: 'producer',
  attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' },
} as const;

test.each<[string, (view: View) => SpanExporter]>([
  ['http', (view) => new ProtoExporter({ url: `${view.otlpUrl}/v1/traces` })],
  ['grpc', (view) => new GrpcExporter({ url: view.grpcUrl })],
])("OpenTelemetry's %s exporter delivers a pipeline, and the map shows the wait", async (_, exporterOf) => {
  const view = await running();
  const exporter = exporterOf(view);
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer('test');
  const attributes = { 'messaging.system.name': 'kafka', 'messaging.destination.name': 'orders' };
  const send = tracer.startSpan('send orders', {
    kind: SpanKind.PRODUCER,
    attributes,
    startTime: new Date(1_700_000_000_000),
  });
  send.end();
  const link = { context: send.spanContext() };
  tracer
    .startSpan(
      'process orders',
      { kind: SpanKind.CONSUMER, attributes, links: [link], startTime: new Date(1_700_000_000_250) },
      trace.setSpan((await import('@opentelemetry/api')).ROOT_CONTEXT, send),
    )
    .end();
  await provider.forceFlush();
  await exporter.shutdown();
  const map = (await (await fetch(`${view.url}/api/map`)).json()) as MapAnswer;
  const [card] = map.destinations;
  expect(card?.name).toBe('orders');
  expect(card?.consumers[0]?.wait?.p50).toBeCloseTo(250, -1);
  expect(map.sentence).toMatch(/^Messages wait longest in orders for /);
});

test('JSON, gzip and metrics are accepted; logs are accepted and discarded', async () => {
  const view = await running();
  const json = await post(view, JSON.stringify(jsonRequest('shop', [sent])), { 'content-type': 'application/json' });
  expect([json.status, await json.text()]).toEqual([200, '{}']);
  const zipped = gzipSync(request('shop', [sent]));
  expect((await post(view, new Uint8Array(zipped), { ...protobuf, 'content-encoding': 'gzip' })).status).toBe(200);
  const lag = {
    name: 'mqtrace.consumer.lag',
    gauge: {
      dataPoints: [
        {
          timeUnixNano: '1',
          asInt: '42',
          attributes: attributesOf({
            'messaging.destination.name': 'orders',
            'messaging.consumer.group.name': 'billing',
          }),
        },
      ],
    },
  };
  const metrics = {
    resourceMetrics: [
      { resource: { attributes: attributesOf({ 'service.name': 'billing' }) }, scopeMetrics: [{ metrics: [lag] }] },
    ],
  };
  expect(
    (await post(view, JSON.stringify(metrics), { 'content-type': 'application/json' }, '/v1/metrics')).status,
  ).toBe(200);
  expect((await post(view, '{}', { 'content-type': 'application/json' }, '/v1/logs')).status).toBe(200);
  expect(view.store.received).toBe(2);
  const map = (await (await fetch(`${view.url}/api/map`)).json()) as MapAnswer;
  expect(map.destinations[0]?.consumers[0]).toMatchObject({ service: 'billing', seenBy: 'metrics', lag: 42 });
});

test('a request that is not OTLP is rejected with a suitable status', async () => {
  const view = await running();
  const statusOf = async (response: Promise<Response>): Promise<number> => (await response).status;
  expect(await statusOf(post(view, new Uint8Array([255, 255, 255]), protobuf))).toBe(400);
  expect(await statusOf(post(view, '{', { 'content-type': 'application/json' }))).toBe(400);
  expect(await statusOf(post(view, 'x', { 'content-type': 'text/plain' }))).toBe(415);
  expect(await statusOf(post(view, 'x', { ...protobuf, 'content-encoding': 'gzip' }))).toBe(400);
  expect(
    await statusOf(
      post(view, new Uint8Array(gzipSync(Buffer.alloc(40 * 2 ** 20))), { ...protobuf, 'content-encoding': 'gzip' }),
    ),
  ).toBe(413);
  expect(await statusOf(post(view, '', protobuf, '/other'))).toBe(404);
  expect(await statusOf(fetch(`${view.otlpUrl}/v1/traces`))).toBe(405);
  expect(await statusOf(post(view, '', { ...protobuf, origin: 'https://evil.example' }))).toBe(403);
  expect(await statusOf(fetch(`${view.url}/api/map`, { headers: { origin: 'https://evil.example' } }))).toBe(403);
  expect(await statusOf(fetch(`${view.url}/api/map`, { method: 'POST' }))).toBe(405);
  expect(await statusOf(fetch(`${view.url}/api/search?order=oldest`))).toBe(400);
  expect(await statusOf(fetch(`${view.url}/api/journey?span=99`))).toBe(404);
  const { headers } = await fetch(`${view.url}/api/map`);
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
});

test('with a host, receivers and page require a token', async () => {
  const view = await running({ host: '0.0.0.0' });
  const page = new URL(view.url);
  expect(page.searchParams.get('token')).toBe(view.token);
  expect((await fetch(`${page.origin}/api/map`)).status).toBe(401);
  expect((await fetch(`${page.origin}/api/map`, { headers: { authorization: `Bearer ${view.token}` } })).status).toBe(
    200,
  );
  expect((await post(view, '', protobuf)).status).toBe(401);
  expect((await post(view, '', { ...protobuf, authorization: `Bearer ${view.token}` })).status).toBe(200);
});

test('the error for a port in use explains what that means for the services, and nothing stays open', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => blocker.once('listening', resolve));
  onTestFinished(() => void blocker.close());
  const { port } = blocker.address() as { port: number };
  await expect(startView({ ...anyPorts, grpcPort: port })).rejects.toThrow(
    new RegExp(`port ${port} for OTLP/gRPC is already in use.*not to this one.*--grpc-port`),
  );
});

test('a port that is in use only on the IPv6 loopback address is an error, too: localhost may lead there', async (context) => {
  const blocker = createServer();
  const listens = await new Promise<boolean>((resolve) => {
    blocker.once('error', () => resolve(false));
    blocker.listen(0, '::1', () => resolve(true));
  });
  if (!listens) context.skip('there is no IPv6');
  onTestFinished(() => void blocker.close());
  const { port } = blocker.address() as { port: number };
  await expect(startView({ ...anyPorts, otlpPort: port })).rejects.toThrow(
    new RegExp(`port ${port} for OTLP/HTTP is already in use on \\[::1\\].*--otlp-port`),
  );
});

test('--file stores requests, readable only by its owner, and reads them again, also if the end is missing', async () => {
  const file = join(folder, 'kept');
  const first = await running({ file });
  for (let i = 0; i < 3; i++)
    await post(first, new Uint8Array(request('shop', [{ ...sent, traceId: traceId(), spanId: spanId() }])), protobuf);
  await first.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  truncateSync(file, statSync(file).size - 5);
  const second = await running({ file });
  expect(second.store.received).toBe(2);
  await post(second, new Uint8Array(request('shop', [sent])), protobuf);
  await second.close();
  expect((await running({ file })).store.received).toBe(3);
});

test('--file rejects a file of another kind and does not change it', async () => {
  const file = join(folder, 'other');
  writeFileSync(file, 'my own notes, which are longer than a line of magic');
  await expect(startView({ ...anyPorts, file })).rejects.toThrow(/use --from/);
  expect(statSync(file).size).toBe(51);
});
