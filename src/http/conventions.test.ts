import type { IncomingMessage, ServerResponse } from 'node:http';
import { request as httpRequest } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { serve, until } from '../../test-support/serve.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { traceFetch, traceHandler, type TraceHandlerOptions } from './index.ts';

const spans = recordRegisteredSpans();
const answer = (_request: IncomingMessage, response: ServerResponse): void => void response.end();
const variable = 'OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS';
afterEach(() => void delete process.env[variable]);

test.each([
  ['get', 'GET', 'GET', undefined],
  ['Post', 'POST', 'POST', undefined],
  ['PATCH', 'PATCH', 'PATCH', undefined],
  ['patch', 'HTTP', '_OTHER', 'patch'],
  ['PURGE', 'HTTP', '_OTHER', 'PURGE'],
])(
  'fetch with the method %s: the span is named %s, the method is recorded as %s',
  async (method, name, told, original) => {
    let arrived: string | undefined;
    const fetched = traceFetch((async (_url: string, init: RequestInit) => {
      arrived = new Request('http://localhost/', { ...init }).method;
      return new Response();
    }) as typeof fetch);
    await fetched('http://localhost/', { method });
    const { attributes } = spans.span(name);
    expect(attributes['http.request.method']).toBe(told);
    expect(attributes['http.request.method_original']).toBe(original);
    expect(original ?? told).toBe(arrived);
  },
);

test.each([
  ['', 'GET', 'GET'],
  ['GET,PURGE', 'PURGE', 'PURGE'],
  [' GET , PURGE ,', 'PURGE', 'PURGE'],
  ['PURGE', 'GET', '_OTHER'],
  ['purge', 'PURGE', '_OTHER'],
])(`${variable}=%s: %s is recorded as %s on both ends`, async (value, method, told) => {
  process.env[variable] = value;
  const { url } = await serve(traceHandler(answer));
  await traceFetch()(url, { method });
  await until(() => spans.spans().length === 2);
  expect(spans.spans().map((span) => span.attributes['http.request.method'])).toEqual([told, told]);
});

test.each<[TraceHandlerOptions['trustProxy'], Record<string, string>, Record<string, unknown>]>([
  [
    undefined,
    { forwarded: 'for=1.2.3.4;proto=https;host=a.example' },
    { 'client.address': '127.0.0.1', 'url.scheme': 'http' },
  ],
  [false, { 'x-forwarded-for': '1.2.3.4' }, { 'client.address': '127.0.0.1' }],
  [
    true,
    { forwarded: 'For="[2001:db8::1]:4711";proto=HTTPS;host=a.example:8443, for=10.0.0.1' },
    { 'client.address': '2001:db8::1', 'url.scheme': 'https', 'server.address': 'a.example', 'server.port': 8443 },
  ],
  [true, { forwarded: 'for=1.2.3.4', 'x-forwarded-for': '5.6.7.8' }, { 'client.address': '1.2.3.4' }],
  [true, { forwarded: 'for=unknown' }, { 'client.address': '127.0.0.1' }],
  [true, { forwarded: 'for=_hidden;proto=gopher' }, { 'client.address': '127.0.0.1', 'url.scheme': 'http' }],
  [true, { forwarded: ';;=,"' }, { 'client.address': '127.0.0.1' }],
  [
    true,
    { 'x-forwarded-for': '1.2.3.4, 10.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'a.example' },
    { 'client.address': '1.2.3.4', 'url.scheme': 'https', 'server.address': 'a.example', 'server.port': 443 },
  ],
  [
    true,
    { 'x-forwarded-host': 'a.example', 'x-forwarded-port': '81' },
    { 'server.address': 'a.example', 'server.port': 81 },
  ],
  [true, { 'x-forwarded-for': '1.2.3.4:5678' }, { 'client.address': '1.2.3.4' }],
  [1, { 'x-forwarded-for': '6.6.6.6, 1.2.3.4' }, { 'client.address': '1.2.3.4' }],
  [2, { 'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.0.0.1' }, { 'client.address': '1.2.3.4' }],
  [
    3,
    { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' },
    { 'client.address': '1.2.3.4', 'url.scheme': 'https' },
  ],
])('trustProxy %s with %j', async (trustProxy, headers, attributes) => {
  const { url } = await serve(traceHandler(answer, { trustProxy }));
  await fetch(url, { headers });
  await until(() => spans.spans().length === 1);
  expect(spans.span('GET').attributes).toMatchObject({ 'network.peer.address': '127.0.0.1', ...attributes });
});

test('a host without a port gets the default port of the scheme', async () => {
  const { url } = await serve(traceHandler(answer));
  httpRequest(url, { headers: { host: 'a.example' } }).end();
  await until(() => spans.spans().length === 1);
  expect(spans.span('GET').attributes).toMatchObject({ 'server.address': 'a.example', 'server.port': 80 });
});

test('credentials of a URL are neither in the attributes nor in the status nor in the exception of a span', async () => {
  const url = 'http://user:pass@127.0.0.1:1/?X-Amz-Signature=s1&X-Amz-Credential=s2&X-Amz-Security-Token=s3&x=1';
  const raw: unknown = await fetch(url).catch((error: unknown) => error);
  const traced: unknown = await traceFetch()(url).catch((error: unknown) => error);
  expect(String(traced)).toBe(String(raw));
  expect(String(raw)).toContain('user:pass@');
  const { attributes, status, events } = spans.span('GET');
  expect(attributes['url.full']).toBe(
    'http://REDACTED:REDACTED@127.0.0.1:1/?X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED&x=1',
  );
  expect(status.message).toContain('REDACTED:REDACTED@');
  expect(events.map((event) => event.name)).toEqual(['exception']);
  for (const secret of ['user', 'pass', 's1', 's2', 's3']) {
    expect(
      JSON.stringify([attributes, status, events.map((event) => event.attributes?.['exception.message'])]),
    ).not.toContain(secret);
    expect(String(events[0]?.attributes?.['exception.stacktrace'])).not.toContain(`${secret}@`);
  }
});

test.each<[string, (thrown: Error) => unknown]>([
  [
    'throws',
    (thrown): never => {
      throw thrown;
    },
  ],
  [
    'rejects',
    async (thrown): Promise<never> => {
      throw thrown;
    },
  ],
])('a plain handler that %s: its span has the error and the status 500 that is sent afterwards', async (_, fail) => {
  const error = new RangeError('no');
  const handler = traceHandler((_request: IncomingMessage, _response: ServerResponse) => fail(error));
  const { url } = await serve(async (request, response) => {
    try {
      await handler(request, response);
    } catch {
      setImmediate(() => response.writeHead(500).end());
    }
  });
  await fetch(url);
  await until(() => spans.spans().length === 1);
  expect(spans.span('GET')).toMatchObject({
    status: { code: 2, message: 'no' },
    attributes: { 'error.type': 'RangeError', 'http.response.status_code': 500 },
  });
  expect(spans.span('GET').events.map((event) => event.name)).toEqual(['exception']);
});

test('the span of a handler that fails without responding ends with the connection or the process', async () => {
  let failed = 0;
  const handler = traceHandler((_request: IncomingMessage, _response: ServerResponse): never => {
    throw new RangeError('no');
  });
  const { url } = await serve((request, response) => {
    try {
      handler(request, response);
    } catch {
      failed++;
    }
  });
  const abort = new AbortController();
  const pending = [fetch(url, { signal: abort.signal }), fetch(url)];
  for (const each of pending) each.catch(() => {});
  await until(() => failed === 2);
  expect(spans.spans()).toEqual([]);
  abort.abort();
  await until(() => spans.spans().length === 1);
  for (const listener of process.listeners('exit').slice(0, 1)) listener.call(process, 0);
  await until(() => spans.spans().length === 2);
  expect(spans.named('GET').map((span) => span.attributes['error.type'])).toEqual(['RangeError', 'RangeError']);
});

test('a fetch that is already traced is returned unchanged', async () => {
  const traced = traceFetch();
  expect(traceFetch(traced)).toBe(traced);
  expect([traced.name, traced.length]).toEqual([fetch.name, fetch.length]);
});
