import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CollectedMetrics } from '../sdk/testing/collected-metrics.ts';
import { collectDiag } from '../sdk/testing/diag-log.ts';
import { cleanUpAfterEach, closeLater, receiver, serve, start } from '../sdk/testing/fixture.ts';
import { HttpReceiver } from '../../test-support/otlp-receiver.ts';

cleanUpAfterEach();

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mqtrace-destinations-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const nothing = (): void => undefined;

async function badReceiver(behaviour: HttpReceiver['behaviour']): Promise<HttpReceiver> {
  const bad = await new HttpReceiver().start();
  bad.behaviour = behaviour;
  closeLater({ close: () => bad.stop() });
  return bad;
}

test('each of several destinations gets every span, and one that never responds does not delay the others', async () => {
  const reported = collectDiag();
  const quick = await receiver();
  const stuck = await badReceiver({ hang: true });
  const path = join(directory, 'traces.jsonl');
  const tracing = start({
    export: {
      intervalMs: 20,
      maxBatchSpans: 10,
      destinations: [
        { endpoint: stuck.url, maxQueueSpans: 40, spool: { directory } },
        { endpoint: quick.url, protocol: 'http/json', headers: { 'x-key': 'k' } },
        { protocol: 'file', endpoint: path },
      ],
    },
  });
  for (let i = 0; i < 100; i++) tracing.span('work', nothing);
  await vi.waitFor(() => expect(quick.spans).toHaveLength(100), { timeout: 20_000 });
  expect(await tracing.shutdown({ timeoutMs: 300 })).toMatchObject({ left: 100, dropped: 0 });

  const [first, second, third] = tracing.stats().destinations;
  expect(first).toMatchObject({ name: `http/protobuf ${stuck.url}`, ended: 100, exported: 0, spooled: 100 });
  expect(second).toMatchObject({ name: `http/json ${quick.url}/v1/traces`, ended: 100, exported: 100 });
  expect(third).toMatchObject({ name: `file ${path}`, ended: 100, exported: 100 });
  expect(quick.requests[0]!.headers).toMatchObject({ 'x-key': 'k' });
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const names = lines.flatMap((line) => {
    const { resourceSpans } = JSON.parse(line) as {
      resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[];
    };
    return resourceSpans.flatMap((each) => each.scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)));
  });
  expect(names).toEqual(Array.from({ length: 100 }, () => 'work'));
  expect(reported.join()).toContain('100 spans left');
});

test('variables of the batch span processor set the same values as options', async () => {
  collectDiag();
  const collector = await receiver();
  vi.stubEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '7');
  vi.stubEnv('OTEL_BSP_MAX_QUEUE_SIZE', '20');
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '20');
  const tracing = start({
    export: { endpoint: collector.url, maxBatchSpans: 1, maxQueueSpans: 1, intervalMs: 100_000 },
  });
  for (let i = 0; i < 22; i++) tracing.span('work', nothing);
  // Without a flush, the six spans that do not fill a batch are sent after the interval.
  await vi.waitFor(() => expect(collector.spans).toHaveLength(20), { timeout: 20_000 });
  expect(collector.requests).toHaveLength(3);
  expect(tracing.stats().destinations[0]).toMatchObject({ ended: 22, dropped: { queue_full: 2 } });
});

test('a receiver that accepts ten spans per request gets all spans, at most ten per request', async () => {
  const small = await badReceiver({ maxSpans: 10 });
  const tracing = start({ export: { endpoint: small.url } });
  for (let i = 0; i < 2000; i++) tracing.span('work', nothing);
  expect(await tracing.shutdown()).toEqual({ exported: 2000, left: 0, dropped: 0 });
  expect([...small.received.spans.values()]).toEqual(Array.from({ length: 2000 }, () => 1));
});

test('a receiver that rejects everything as too large gets few requests, and every span is counted', async () => {
  const reported = collectDiag();
  const refusing = await badReceiver({ maxSpans: 0 });
  const tracing = start({ export: { endpoint: refusing.url } });
  for (let i = 0; i < 10_000; i++) tracing.span('work', nothing);
  expect(await tracing.shutdown()).toEqual({ exported: 0, left: 0, dropped: 10_000 });
  expect(tracing.stats().destinations[0]!.dropped.too_large).toBe(10_000);
  // Ten halvings for each of the four requests that may be open at a time, and a few single spans.
  expect(refusing.received.requests).toBeLessThan(60);
  expect(reported.join()).toContain('1 spans lost (too_large): HTTP 413');
});

test('a receiver with a limit gets a larger request once, not repeatedly', async () => {
  const small = await badReceiver({ maxSpans: 10 });
  const tracing = start({ export: { endpoint: small.url, concurrency: 1 } });
  for (let i = 0; i < 2000; i++) tracing.span('work', nothing);
  await tracing.flush();
  const before = small.received.refused;
  for (let i = 0; i < 2000; i++) tracing.span('work', nothing);
  await tracing.shutdown();
  expect(before).toBeLessThan(10);
  expect(small.received.refused - before).toBeLessThan(2);
  expect(small.received.spans.size).toBe(4000);
});

test('an agent factory that fails is called again', async () => {
  collectDiag();
  const collector = await receiver();
  let asked = 0;
  const httpAgentOptions = (): Promise<Agent> =>
    asked++ === 0 ? Promise.reject(new Error('no proxy yet')) : Promise.resolve(new Agent({ keepAlive: true }));
  const tracing = start({ export: { endpoint: collector.url, httpAgentOptions } });
  tracing.span('work', nothing);
  await tracing.flush({ timeoutMs: 10 });
  expect(await tracing.flush()).toEqual({ exported: 1, left: 0, dropped: 0 });
  expect(asked).toBe(2);
});

test('over gRPC more requests than the official limit of 30 may be in flight', async () => {
  const { GrpcReceiver } = await import('../../test-support/otlp-grpc-receiver.ts');
  const slow = await new GrpcReceiver().start();
  closeLater({ close: () => slow.stop() });
  slow.behaviour = { delayMs: 100 };
  const tracing = start({ export: { protocol: 'grpc', endpoint: slow.url, maxBatchSpans: 1, concurrency: 60 } });
  for (let i = 0; i < 60; i++) tracing.span('work', nothing);
  expect(await tracing.shutdown()).toEqual({ exported: 60, left: 0, dropped: 0 });
  expect(tracing.stats().destinations[0]).toMatchObject({ exportErrors: 0, requests: 60 });
});

test('user and password of a URL are sent, and not shown anywhere', async () => {
  const reported = collectDiag();
  let authorization: string | undefined;
  const url = await serve((request, response) => {
    ({ authorization } = request.headers);
    response.writeHead(400).end();
  });
  const tracing = start({ export: { endpoint: url.replace('//', '//me:secret@') } });
  tracing.span('work', nothing);
  await tracing.shutdown();
  expect(authorization).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
  expect(tracing.stats().destinations[0]?.name).toBe(`http/protobuf ${url}/v1/traces`);
  expect(reported.join()).not.toContain('secret');
});

test('a token in the query of an endpoint is sent, and not shown in messages, statistics, metrics or on disk', async () => {
  const collected = new CollectedMetrics();
  const paths: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    paths.push(request.url);
    request.socket.destroy();
    response.destroy();
  });
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  for (const [protocol, path] of [
    ['http/protobuf', '/v1/traces'],
    ['http/json', '/v1/traces'],
    ['zipkin', '/api/v2/spans'],
  ] as const) {
    const tracing = start({
      meterProvider: collected.provider,
      export: { protocol, endpoint: `${url}${path}?token=secret#secret`, spool: { directory } },
    });
    tracing.span('work', nothing);
    await tracing.flush({ timeoutMs: 300 });
    expect(tracing.stats().destinations[0]!.name).toBe(`${protocol} ${url}${path}`);
    await tracing.shutdown({ timeoutMs: 1 });
    expect(paths.splice(0)[0]).toBe(`${path}?token=secret`);
  }
  const lines = written.mock.calls.map(([line]) => String(line)).join('');
  expect(lines).toContain('the export failed');
  expect(lines).not.toContain('secret');
  expect(JSON.stringify(await collected.collect())).not.toContain('secret');
  expect(readdirSync(directory, { recursive: true }).join()).not.toContain('secret');
});
