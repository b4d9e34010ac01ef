import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { context, ProxyTracerProvider, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import { withBaggage } from '../propagation/index.ts';
import { serve } from '../../test-support/serve.ts';
import { recordRegisteredSpans, underSpan } from '../../test-support/spans.ts';
import { traceFetch } from './index.ts';

const spans = recordRegisteredSpans();

/** Responds with the request as it was received. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const { method, headers } = request;
  response.setHeader(
    'x-seen',
    JSON.stringify({ method, mine: headers['x-mine'], traceparent: headers['traceparent'] }),
  );
  request.pipe(response);
}

const arrived = async (response: Response): Promise<unknown> => ({
  ...(JSON.parse(response.headers.get('x-seen') ?? '{}') as object),
  body: await response.text(),
});

const written = (at = 0): string => {
  const { traceId, spanId } = spans.spans()[at]!.spanContext();
  return `00-${traceId}-${spanId}-01`;
};

test('a Request is accepted instead of the init', async () => {
  const { url } = await serve(echo);
  const given = new Request('http://elsewhere.invalid/', { method: 'PUT', body: 'text', headers: { 'x-mine': '1' } });
  const response = await traceFetch()(url, given);
  expect(await arrived(response)).toEqual({ method: 'PUT', mine: '1', body: 'text', traceparent: written() });
  expect(spans.span('PUT').attributes['url.full']).toBe(`${url}/`);
});

test('an init whose properties are class accessors is read as fetch reads it', async () => {
  class Init {
    readonly #method = 'PATCH';
    readonly headers = { 'x-mine': '2' };
    get method(): string {
      return this.#method;
    }
    get body(): string {
      return 'hey';
    }
  }
  const { url } = await serve(echo);
  const response = await traceFetch()(url, new Init());
  expect(await arrived(response)).toEqual({ method: 'PATCH', mine: '2', body: 'hey', traceparent: written() });
});

test("another implementation's fetch gets the headers of its own Request", async () => {
  const { url } = await serve(echo);
  const own = { url, method: 'POST', headers: new Map([['x-mine', '3']]) };
  const other = (input: typeof own, init: RequestInit): Promise<Response> =>
    fetch(input.url, { method: input.method, headers: init.headers ?? [...input.headers] });
  const response = await traceFetch(other as never)(own as never);
  expect(await arrived(response)).toEqual({ method: 'POST', mine: '3', body: '', traceparent: written() });
  expect(spans.span('POST').attributes['url.full']).toBe(`${url}/`);
});

test('headers that can be read only once are sent, also if there is nothing to inject', async () => {
  function* once(): Generator<[string, string]> {
    yield ['x-mine', '4'];
  }
  const { url } = await serve(echo);
  const fetched = traceFetch();
  expect(await arrived(await fetched(url, { headers: once() as never }))).toMatchObject({ mine: '4' });
  const silent = traceFetch(fetch, { tracerProvider: new ProxyTracerProvider() });
  const response = await silent(url, { headers: once() as never });
  expect(await arrived(response)).toEqual({ method: 'GET', mine: '4', body: '' });
});

test('a redirect is one span for the original request, and the trace continues', async () => {
  const seen: unknown[] = [];
  const { url } = await serve((request, response) => {
    seen.push([request.url, request.headers['traceparent'], request.headers['baggage']]);
    if (request.url === '/from') response.writeHead(307, { location: '/to' }).end();
    else response.end('there');
  });
  const response = await withBaggage({ tenant: 'a' }, () => traceFetch()(`${url}/from`));
  expect([await response.text(), response.redirected]).toEqual(['there', true]);
  expect(seen).toEqual([
    ['/from', written(), 'tenant=a'],
    ['/to', written(), 'tenant=a'],
  ]);
  const span = spans.span('GET');
  expect(span.attributes).toMatchObject({ 'url.full': `${url}/from`, 'http.response.status_code': 200 });
});

test.each<[string, (abort: AbortController) => RequestInit, string]>([
  ['before the call', (abort) => (abort.abort(), { signal: abort.signal }), 'AbortError'],
  ['while it is waiting', (abort) => (setImmediate(() => abort.abort()), { signal: abort.signal }), 'AbortError'],
  ['by a timeout', () => ({ signal: AbortSignal.timeout(1) }), 'TimeoutError'],
  ['with a reason', (abort) => (abort.abort(new RangeError('enough')), { signal: abort.signal }), 'RangeError'],
])('a request aborted %s fails with the error of fetch, and its span fails', async (_, init, type) => {
  const { url } = await serve(() => {});
  const [raw, traced] = await Promise.all(
    [fetch, traceFetch()].map((fetched) =>
      fetched(url, init(new AbortController())).then(
        () => undefined,
        (error: unknown) => error as Error,
      ),
    ),
  );
  expect(traced).toBeInstanceOf(raw?.constructor);
  expect(traced?.message).toBe(raw?.message);
  expect(spans.span('GET')).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': type } });
});

test('the signal of a Request is preserved', async () => {
  const { url } = await serve(() => {});
  const abort = new AbortController();
  const pending = traceFetch()(new Request(url, { signal: abort.signal }));
  abort.abort();
  await expect(pending).rejects.toThrow('aborted');
});

test('bodies stream in both directions; the span ends with the response headers, not with the body', async () => {
  const { url } = await serve(echo);
  let send: (() => void) | undefined;
  const chunks = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('first ');
    await new Promise<void>((resolve) => (send = resolve));
    yield Buffer.from('second');
  };
  const init = { method: 'POST', body: Readable.toWeb(Readable.from(chunks())), duplex: 'half' };
  const response = await traceFetch()(url, init as RequestInit);
  expect(spans.span('POST').attributes['http.response.status_code']).toBe(200);
  send?.();
  expect(await response.text()).toBe('first second');
});

test('a fetch that throws synchronously still does', () => {
  const broken = (): never => {
    throw new RangeError('at once');
  };
  expect(() => traceFetch(broken)('http://localhost/')).toThrow('at once');
  expect(spans.span('GET').attributes['error.type']).toBe('RangeError');
});

test('the fetch of Next.js, which has a span of Next.js, gets headers and no second span, unless spans are forced or disabled there', async () => {
  const { url } = await serve(echo);
  const patched = Object.assign((...args: Parameters<typeof fetch>) => fetch(...args), { __nextPatched: true });
  const headers = async (traced: typeof fetch): Promise<string> =>
    ((await arrived(await traced(url))) as { traceparent: string }).traceparent;

  await underSpan(spans, async (app) => {
    expect(await headers(traceFetch(patched))).toContain(app.spanId);
    expect(spans.named('GET')).toEqual([]);
    await headers(traceFetch(patched, { force: true }));
    expect(spans.named('GET')).toHaveLength(1);
    process.env['NEXT_OTEL_FETCH_DISABLED'] = '1';
    onTestFinished(() => void delete process.env['NEXT_OTEL_FETCH_DISABLED']);
    await headers(traceFetch(patched));
    expect(spans.named('GET')).toHaveLength(2);
  });
});

test('no second span is created in the span of a fetch of Next.js, which replaces a traced global fetch', async () => {
  const { url } = await serve(echo);
  const span = trace
    .getTracer('next.js')
    .startSpan('fetch GET', { attributes: { 'next.span_type': 'AppRender.fetch' } });
  const response = await context.with(trace.setSpan(ROOT_CONTEXT, span), () => traceFetch()(url));
  span.end();
  expect(((await arrived(response)) as { traceparent: string }).traceparent).toBe(written());
  expect(spans.spans()).toHaveLength(1);
});
