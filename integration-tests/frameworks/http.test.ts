import {
  createServer,
  type IncomingMessage,
  request as sendRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import Router from '@koa/router';
import { trace } from '@opentelemetry/api';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../test-support/serve.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { getBaggage } from 'mqtrace';
import { traceFastify } from 'mqtrace/fastify';
import { traceHono } from 'mqtrace/hono';
import { traceHandler, type TraceHandlerOptions } from 'mqtrace/http';
import { traceKoa } from 'mqtrace/koa';

const spans = recordRegisteredSpans();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, baggage: 'tenant=acme' };

/** The part of the request's context that a handler sees. */
const seen = (): object => ({
  trace: trace.getActiveSpan()?.spanContext().traceId,
  tenant: getBaggage().getEntry('tenant')?.value,
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serveHandler = (
  handler: (request: IncomingMessage, response: ServerResponse) => Promise<unknown>,
): Promise<string> => listen(createServer((request, response) => void handler(request, response)));

type Serve = (options?: TraceHandlerOptions) => Promise<string>;

const serveFastify: Serve = async (options) => {
  const app = fastify();
  await app.register(traceFastify, options ?? {});
  app.get('/orders/:id', () => seen());
  app.post('/orders', (request) => ({ ...seen(), body: request.body }));
  app.get('/boom', () => {
    throw new TypeError('boom');
  });
  await app.register(
    (items, _, done) => {
      items.get('/items/:id', () => seen());
      done();
    },
    { prefix: '/shop/:name' },
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
};

const serveKoa: Serve = async (options) => {
  const app = new Koa();
  app.silent = true;
  app.use(traceKoa(options));
  const router = new Router();
  router.get('/orders/:id', (ctx) => void (ctx.body = seen()));
  router.post('/orders', async (ctx) => {
    const text = await new Promise<string>((resolve) => {
      let all = '';
      ctx.req.on('data', (chunk: Buffer) => (all += String(chunk)));
      ctx.req.on('end', () => resolve(JSON.stringify({ ...seen(), body: JSON.parse(all) as unknown })));
    });
    ctx.body = JSON.parse(text) as unknown;
  });
  router.get('/boom', () => {
    throw new TypeError('boom');
  });
  const items = new Router();
  items.get('/items/:id', (ctx) => void (ctx.body = seen()));
  router.use('/shop/:name', items.routes());
  app.use(router.routes());
  return await serveHandler(app.callback());
};

const honoApp = (options?: TraceHandlerOptions): Hono => {
  const app = new Hono();
  app.use(traceHono(options));
  app.get('/orders/:id', (c) => c.json(seen()));
  app.post('/orders', async (c) => {
    const body: unknown = await c.req.json();
    return c.json({ ...seen(), body });
  });
  app.get('/boom', () => {
    throw new TypeError('boom');
  });
  const items = new Hono();
  items.get('/items/:id', (c) => c.json(seen()));
  app.route('/shop/:name', items);
  app.onError((_, c) => c.text('failed', 500));
  return app;
};
const serveHono: Serve = (options) => serveHandler(getRequestListener(honoApp(options).fetch));

const servePlain: Serve = (options) =>
  listen(
    createServer(
      traceHandler(
        (request, response) => {
          let all = '';
          request.on('data', (chunk: Buffer) => (all += String(chunk)));
          request.on('end', () =>
            response.end(JSON.stringify({ ...seen(), body: all === '' ? undefined : (JSON.parse(all) as unknown) })),
          );
        },
        { route: (request) => (request.url === '/nowhere' ? undefined : '/from/the/option'), ...options },
      ),
    ),
  );

/** Sends a body in two pieces with a pause, so that its events are caused by the connection. */
async function post(url: string): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const request = sendRequest(
      url,
      { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } },
      (response) => {
        let all = '';
        response.on('data', (chunk: Buffer) => (all += String(chunk)));
        response.on('end', () => resolve(JSON.parse(all)));
      },
    ).on('error', reject);
    request.write('{"a"');
    setTimeout(() => request.end(':1}'), 20);
  });
}

async function spanOf(call: () => Promise<unknown>): Promise<ReturnType<typeof spans.spans>[number]> {
  const before = spans.spans().length;
  await call();
  await until(() => spans.spans().length === before + 1);
  return spans.spans().at(-1)!;
}

const inTrace = { trace: traceId, tenant: 'acme' };

describe.each([
  ['Fastify', serveFastify],
  ['Koa', serveKoa],
  ['Hono', serveHono],
])('%s', (_, serve) => {
  test.each([
    ['/orders/7', '/orders/:id'],
    ['/shop/acme/items/3', '/shop/:name/items/:id'],
  ])('%s: the span has the caller as its parent and the route as its name', async (path, route) => {
    const url = await serve();
    const span = await spanOf(async () => {
      expect(await (await fetch(url + path, { headers })).json()).toEqual(inTrace);
    });
    expect(span.name).toBe(`GET ${route}`);
    expect(span.attributes).toMatchObject({ 'http.route': route, 'url.path': path, 'http.response.status_code': 200 });
    expect(span.spanContext().traceId).toBe(traceId);
    expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  });

  test('a handler that needs the body runs in the trace of the request', async () => {
    const url = await serve();
    const span = await spanOf(async () => {
      expect(await post(`${url}/orders`)).toEqual({ ...inTrace, body: { a: 1 } });
    });
    expect(span.name).toBe('POST /orders');
  });

  test('an unknown path has no route', async () => {
    const url = await serve();
    const span = await spanOf(async () => void (await (await fetch(`${url}/nowhere/7`)).text()));
    expect([span.name, span.attributes['http.route'], span.attributes['http.response.status_code']]).toEqual([
      'GET',
      undefined,
      404,
    ]);
  });

  test('an error of a handler is recorded, and the response is the same as without tracing', async () => {
    const url = await serve();
    const span = await spanOf(async () => expect((await fetch(`${url}/boom`)).status).toBe(500));
    expect(span.name).toBe('GET /boom');
    expect(span.attributes['error.type']).toBe('500');
    expect(span.events.map(({ attributes }) => attributes?.['exception.message'])).toEqual(['boom']);
  });

  test('the route option takes precedence, as text or as a function', async () => {
    for (const route of ['/given', () => '/given'] as const) {
      const url = await serve({ route });
      const span = await spanOf(async () => void (await (await fetch(`${url}/orders/7`)).text()));
      expect(span.name).toBe('GET /given');
    }
  });

  test('a wrong option is named in the error', async () => {
    await expect(async () => await serve({ rout: '/x' } as never)).rejects.toThrow(/unknown option "rout"/);
  });
});

describe('node:http', () => {
  test('listeners of a request body run in the trace of the request', async () => {
    const url = await servePlain();
    await spanOf(async () => expect(await post(url)).toEqual({ ...inTrace, body: { a: 1 } }));
  });

  test('the route option may be a function, which is called at the end', async () => {
    const url = await servePlain();
    expect((await spanOf(async () => void (await (await fetch(`${url}/x`)).text()))).name).toBe('GET /from/the/option');
    expect((await spanOf(async () => void (await (await fetch(`${url}/nowhere`)).text()))).name).toBe('GET');
  });

  test('if the route function fails, the route is omitted', async () => {
    const url = await servePlain({
      route: () => {
        throw new Error('no');
      },
    });
    expect((await spanOf(async () => void (await (await fetch(`${url}/x`)).text()))).name).toBe('GET');
  });
});

test('Hono without a Node.js server: the span ends with the middleware', async () => {
  const span = await spanOf(async () => {
    const response = await honoApp().request('https://shop.example:8443/orders/7?q=1', { headers });
    expect(await response.json()).toEqual(inTrace);
  });
  expect(span.name).toBe('GET /orders/:id');
  expect(span.attributes).toMatchObject({
    'server.address': 'shop.example',
    'server.port': 8443,
    'url.scheme': 'https',
    'url.query': 'q=1',
    'http.response.status_code': 200,
  });
});
