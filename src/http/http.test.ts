import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, createContextKey, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { expect, test } from 'vitest';
import { getBaggage, withBaggage } from '../propagation/index.ts';
import { serve, until } from '../../test-support/serve.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { traceFetch, traceHandler } from './index.ts';

const spans = recordRegisteredSpans();

test('server and client share one trace and baggage, with the attributes of the conventions', async () => {
  let seen: string | undefined;
  const { url } = await serve(
    traceHandler(
      async (_request: IncomingMessage, response: ServerResponse) => {
        await Promise.resolve();
        seen = getBaggage().getEntry('tenant')?.value;
        response.statusCode = 201;
        response.end('ok');
      },
      { route: '/orders/:id' },
    ),
  );
  const fetched = traceFetch();
  const response = await withBaggage({ tenant: 'a' }, () =>
    fetched(`${url}/orders/7?sig=secret&x=1`, { method: 'POST', headers: { 'user-agent': 'test' } }),
  );
  await until(() => spans.spans().length === 2);
  const client = spans.span('POST');
  const server = spans.span('POST /orders/:id');
  expect(await response.text()).toBe('ok');
  expect(seen).toBe('a');
  expect([client.kind, server.kind]).toEqual([SpanKind.CLIENT, SpanKind.SERVER]);
  expect(server.parentSpanContext).toMatchObject({ spanId: client.spanContext().spanId, isRemote: true });
  expect(client.attributes).toEqual({
    'http.request.method': 'POST',
    'url.full': `${url}/orders/7?sig=REDACTED&x=1`,
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(url).port),
    'http.response.status_code': 201,
  });
  expect(server.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/orders/:id',
    'url.path': '/orders/7',
    'url.query': 'sig=REDACTED&x=1',
    'url.scheme': 'http',
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(url).port),
    'user_agent.original': 'test',
    'client.address': '127.0.0.1',
    'network.protocol.version': '1.1',
    'http.response.status_code': 201,
  });
});

test.each([
  [404, 0, undefined, 2, '404'],
  [503, 2, '503', 2, '503'],
])('status %i: span status of server and client', async (status, serverCode, serverType, clientCode, clientType) => {
  const { url } = await serve(
    traceHandler((_request: IncomingMessage, response: ServerResponse) => void response.writeHead(status).end()),
  );
  await traceFetch()(url);
  await until(() => spans.spans().length === 2);
  const [server, client] = [SpanKind.SERVER, SpanKind.CLIENT].map((kind) =>
    spans.spans().find((span) => span.kind === kind),
  );
  expect([server?.status.code, server?.attributes['error.type']]).toEqual([serverCode, serverType]);
  expect([client?.status.code, client?.attributes['error.type']]).toEqual([clientCode, clientType]);
  expect(server?.events).toEqual([]);
});

test('a refused connection: the error reaches the caller unchanged, and the span has the error type', async () => {
  const served = await serve(() => {});
  await served.close();
  const { url } = served;
  const raw: unknown = await fetch(url).catch((error: unknown) => error);
  const traced: unknown = await traceFetch()(url).catch((error: unknown) => error);
  expect(String(traced)).toBe(String(raw));
  expect(spans.span('GET')).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'ECONNREFUSED' } });
});

test('an invalid request fails with the error of fetch', async () => {
  const raw: unknown = await fetch('no url').catch((error: unknown) => error);
  await expect(traceFetch()('no url')).rejects.toThrow((raw as Error).message);
  await expect(traceFetch()('http://127.0.0.1:1', { headers: { 'a b': 'c' } })).rejects.toBeInstanceOf(TypeError);
});

test('a Request arrives with its headers and body; the Request, the init and its headers are not modified', async () => {
  const seen: (string | undefined)[] = [];
  const { url } = await serve((request, response) => {
    seen.push(request.headers['x-mine'] as string, request.headers['traceparent'] as string);
    request.pipe(response);
  });
  const request = new Request(url, { method: 'POST', body: 'text', headers: { 'x-mine': '1', traceparent: 'old' } });
  expect(await (await traceFetch()(request)).text()).toBe('text');
  expect(request.headers.get('traceparent')).toBe('old');
  const init = Object.freeze({ headers: Object.freeze({ 'x-mine': '2', Traceparent: 'old' }) });
  await traceFetch()(new URL(url), init);
  expect(init).toEqual({ headers: { 'x-mine': '2', Traceparent: 'old' } });
  const [first, second] = spans
    .spans()
    .map((span) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`);
  expect(seen).toEqual(['1', first, '2', second]);
});

test('invalid and missing headers start a new trace, never continue the one in which the server was started', async () => {
  const starter = trace.setSpan(ROOT_CONTEXT, trace.getTracer('app').startSpan('starter'));
  const { url } = await context.with(starter, () =>
    serve(traceHandler((_request, response: ServerResponse) => void response.end())),
  );
  await fetch(url, { headers: { traceparent: 'junk', baggage: ';;=,' } });
  await until(() => spans.spans().length === 1);
  expect(spans.span('GET').parentSpanContext).toBeUndefined();
});

test.each([
  [0, (): void => {}],
  [2, (_a: unknown, _b: unknown): void => {}],
  [3, (_a: unknown, _b: unknown, _c: unknown): void => {}],
  [4, (_a: unknown, _b: unknown, _c: unknown, _d: unknown): void => {}],
])('a traced handler has the original length %i', (length, handler) => {
  expect(traceHandler(handler)).toHaveLength(length);
});

test('an error of a handler, synchronous or not, is rethrown; the span ends once, as failed', async () => {
  const error = new RangeError('no');
  const results: unknown[] = [];
  const thrower = traceHandler((_request: IncomingMessage, _response: ServerResponse): void => {
    throw error;
  });
  const rejecter = traceHandler((_request: IncomingMessage, _response: ServerResponse) => Promise.reject(error));
  const { url } = await serve((request, response) => {
    try {
      thrower(request, response);
    } catch (caught) {
      results.push(caught);
    }
    response.end();
  });
  await fetch(url);
  const { url: other } = await serve((request, response) => {
    rejecter(request, response).catch((caught: unknown) => {
      results.push(caught);
      response.end();
    });
  });
  await fetch(other);
  await until(() => results.length === 2 && spans.spans().length === 2);
  expect(results).toEqual([error, error]);
  expect(spans.named('GET').map((span) => span.attributes['error.type'])).toEqual(['RangeError', 'RangeError']);
});

test('with a framework, the exception of a handler is recorded and the span waits for the response', async () => {
  const failing = traceHandler((_request: IncomingMessage, _response: ServerResponse, _next: () => void): void => {
    throw new Error('no');
  });
  const { url } = await serve((request, response) => {
    try {
      failing(request, response, () => {});
    } catch {
      response.writeHead(500).end();
    }
  });
  await fetch(url);
  await until(() => spans.spans().length === 1);
  expect(spans.span('GET')).toMatchObject({
    status: { code: 2 },
    attributes: { 'error.type': '500', 'http.response.status_code': 500 },
  });
  expect(spans.span('GET').events.map((event) => event.name)).toEqual(['exception']);
});

test('a client that disconnects before the response ends the span as failed', async () => {
  const controller = new AbortController();
  const { url } = await serve(
    traceHandler((_request: IncomingMessage, _response: ServerResponse) => controller.abort()),
  );
  await fetch(url, { signal: controller.signal }).catch(() => {});
  await until(() => spans.spans().length === 1);
  expect(spans.span('GET').attributes['error.type']).toBe('connection_closed');
});

test('there is no second span for a request of Next.js, unless forced', async () => {
  const marked = ROOT_CONTEXT.setValue(createContextKey('next.rootSpanId'), 1);
  const handler = (_request: IncomingMessage, response: ServerResponse): void => void response.end();
  for (const force of [false, true]) {
    const traced = traceHandler(handler, { force });
    const { url } = await serve((request, response) => context.with(marked, () => traced(request, response)));
    await fetch(url);
    await until(() => spans.spans().length >= Number(force));
    expect(spans.spans()).toHaveLength(Number(force));
  }
});

test('neither creates spans with auto-instrumentation or suppressed tracing, unless forced', async () => {
  const listener = (): void => {};
  const marked = ROOT_CONTEXT.setValue(createContextKey('OpenTelemetry SDK Context Key RPC_METADATA'), {});
  const handler = (_request: IncomingMessage, response: ServerResponse): void => void response.end();
  for (const [force, count] of [
    [false, 0],
    [true, 2],
  ] as const) {
    const traced = traceHandler(handler, { force });
    const { url } = await serve((request, response) => context.with(marked, () => traced(request, response)));
    channel('undici:request:create').subscribe(listener);
    await traceFetch(fetch, { force })(url);
    channel('undici:request:create').unsubscribe(listener);
    await until(() => spans.spans().length >= count);
    expect(spans.spans()).toHaveLength(count);
  }
  const { url } = await serve(handler);
  await context.with(suppressTracing(ROOT_CONTEXT), () => traceFetch()(url));
  expect(spans.spans()).toHaveLength(2);
});

test.each([
  [() => traceHandler(7 as never), 'traceHandler: expected a request handler, got 7'],
  [() => traceHandler(() => {}, { rout: 'x' } as never), 'unknown option "rout"'],
  [() => traceHandler(() => {}, null as never), 'traceHandler options: expected an object, got null'],
  [() => traceHandler(() => {}, [] as never), 'traceHandler options: expected an object, got an array of 0'],
  [
    () => traceHandler(() => {}, { route: 5 } as never),
    'traceHandler({ route }): expected a string that is not empty, got 5',
  ],
  [() => traceHandler(() => {}, { route: '' }), 'traceHandler({ route }): expected a string that is not empty'],
  [
    () => traceHandler(() => {}, { route: null } as never),
    'traceHandler({ route }): expected a string that is not empty',
  ],
  [
    () => traceHandler(() => {}, { trustProxy: 'yes' } as never),
    'traceHandler({ trustProxy }): expected true, false or a number',
  ],
  [
    () => traceHandler(() => {}, { trustProxy: 0 }),
    'traceHandler({ trustProxy }): expected a whole number from 1 to 100, got 0',
  ],
  [() => traceHandler(() => {}, { trustProxy: 1.5 }), 'traceHandler({ trustProxy }): expected a whole number'],
  [() => traceHandler(() => {}, { propagator: {} } as never), 'traceHandler({ propagator }): expected'],
  [
    () => traceHandler(() => {}, { force: 'yes' } as never),
    'traceHandler({ force }): expected true or false, got "yes"',
  ],
  [() => traceFetch(fetch, { route: '/x' } as never), 'unknown option "route"'],
  [() => traceFetch(fetch, { propagator: null } as never), 'traceFetch({ propagator }): expected'],
  [() => traceFetch(fetch, { tracerProvider: null } as never), 'expected a TracerProvider'],
  [() => traceFetch(null as never), 'traceFetch: expected a fetch function, got null'],
  [() => traceFetch(7 as never), 'traceFetch: expected a fetch function, got 7'],
  [() => traceFetch(fetch, { force: 1 } as never), 'traceFetch({ force }): expected true or false, got 1'],
  [() => traceFetch(fetch, { tracerProvider: {} } as never), 'expected a TracerProvider'],
])('invalid arguments throw: %#', (use, message) => {
  expect(use).toThrow(message);
});

test('secrets in URLs are not recorded', async () => {
  await traceFetch()('http://user:pass@127.0.0.1:1/?Signature=x').catch(() => {});
  expect(propagation.getActiveBaggage()).toBeUndefined();
  expect(spans.span('GET').attributes['url.full']).toBe('http://REDACTED:REDACTED@127.0.0.1:1/?Signature=REDACTED');
});
