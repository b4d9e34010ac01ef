import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import express5, { type Express, type Router } from 'express';
// @ts-expect-error -- the alias has no types; those of version 5 cover what is used here
import express4 from 'express4';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../test-support/serve.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { getBaggage } from '../propagation/index.ts';
import { traceHandler } from './index.ts';

const spans = recordRegisteredSpans();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

type Next = (error?: unknown) => void;
const middleware = traceHandler((_request: IncomingMessage, _response: ServerResponse, next: Next) => next());
const ok = (_request: IncomingMessage, response: ServerResponse): void => void response.end('ok');

async function listen(app: Express): Promise<string> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The name and the route of the span of one request. */
async function routeOf(app: Express, path: string): Promise<[name: string, route: unknown]> {
  const before = spans.spans().length;
  await (await fetch((await listen(app)) + path)).text();
  await until(() => spans.spans().length === before + 1);
  const { name, attributes } = spans.spans().at(-1)!;
  return [name, attributes['http.route']];
}

describe.each([
  ['4', express4 as typeof express5],
  ['5', express5],
])('Express %s', (version, express) => {
  const mounted = (...mounts: (string | RegExp | string[])[]): [Express, Router] => {
    const app = express();
    app.use(middleware);
    let router: Router = express.Router();
    const innermost = router;
    for (const mount of mounts.slice(1).reverse()) {
      const outer = express.Router();
      outer.use(mount, router);
      router = outer;
    }
    app.use(mounts[0]!, router);
    return [app, innermost];
  };

  test.each<[string, (string | RegExp | string[])[], string, string, string | undefined]>([
    ['a literal path', ['/orders'], '/:id', '/orders/7', '/orders/:id'],
    ['a literal path in capitals', ['/orders'], '/:id', '/ORDERS/7', '/orders/:id'],
    ['the root', ['/'], '/:id', '/7', '/:id'],
    ['a parameter', ['/api/:tenant'], '/:x/items', '/api/acme/7/items', '/api/:tenant/:x/items'],
    ['a parameter of an encoded value', ['/api/:tenant'], '/x', '/api/a%20b/x', '/api/:tenant/x'],
    ['a parameter, requested by its own name', ['/:api'], '/x', '/api/x', '/:api/x'],
    ['several mounts', ['/a', '/:b', '/c/:d'], '/e', '/a/1/c/2/e', '/a/:b/c/:d/e'],
    ['one of several paths', [['/one', '/two/:n']], '/x', '/two/7/x', '/two/:n/x'],
    ['a regular expression', [/^\/api\/[^/]+/], '/x', '/api/acme/x', undefined],
    ['a regular expression with a group', [/^\/api\/([^/]+)/], '/x', '/api/acme/x', undefined],
    ['a regular expression within a parameter', ['/:a', /^\/v\d+/], '/x', '/1/v2/x', undefined],
  ])('a router mounted at %s', async (_, mounts, path, url, route) => {
    const [app, router] = mounted(...mounts);
    router.get(path, ok);
    const told = await routeOf(app, url);
    expect(told).toEqual([route === undefined ? 'GET' : `GET ${route}`, route]);
  });

  test('a parameter with a constraint', async () => {
    if (version === '5') return expect(() => express().get('/:id(\\d+)', ok)).toThrow(/path|Unexpected|Missing/);
    const [app, router] = mounted('/v:major(\\d+)');
    router.get('/x', ok);
    expect(await routeOf(app, '/v12/x')).toEqual(['GET', undefined]);
    const [other, inner] = mounted('/:id(\\d+)');
    inner.get('/x', ok);
    expect(await routeOf(other, '/12/x')).toEqual(['GET /:id/x', '/:id/x']);
  });

  test('a router that is itself traced, and a handler within it', async () => {
    const app = express();
    const router = express.Router();
    router.get('/:x', traceHandler(ok));
    app.use('/api/:tenant', traceHandler(router as never) as never);
    expect(await routeOf(app, '/api/acme/7')).toEqual(['GET /api/:tenant/:x', '/api/:tenant/:x']);
  });

  test.each([
    ['/sub', '/sub/7', '/sub/:id'],
    ['/sub/:tenant', '/sub/acme/7', undefined],
  ])('an application mounted at %s', async (mount, url, route) => {
    const app = express();
    app.use(middleware);
    const sub = express();
    sub.get('/:id', traceHandler(ok));
    app.use(mount, sub);
    expect((await routeOf(app, url))[1]).toBe(route);
  });

  test('a route of the application itself, and a path without one', async () => {
    const app = express();
    app.use(middleware);
    app.get('/orders/:id', ok);
    expect(await routeOf(app, '/orders/7?a=/b')).toEqual(['GET /orders/:id', '/orders/:id']);
    expect(await routeOf(app, '/nowhere')).toEqual(['GET', undefined]);
  });

  test('parameters and the request are unchanged', async () => {
    const seen: unknown[] = [];
    const app = express();
    app.use(middleware);
    const router = express.Router({ mergeParams: true });
    router.get(
      '/:x',
      traceHandler((request: IncomingMessage & { params: object; baseUrl: string }, response: ServerResponse) => {
        seen.push({ ...request.params }, request.baseUrl, request.url);
        response.end();
      }) as never,
    );
    app.use('/api/:tenant', router);
    await routeOf(app, '/api/acme/7');
    expect(seen).toEqual([{ tenant: 'acme', x: '7' }, '/api/acme', '/7']);
  });

  test('the context is active after next()', async () => {
    const app = express();
    let seen: unknown;
    app.use(middleware);
    app.get('/', (_request, response) => {
      seen = [trace.getActiveSpan()?.spanContext().traceId, getBaggage().getEntry('k')?.value];
      response.end();
    });
    await fetch(await listen(app), { headers: { traceparent, baggage: 'k=v' } });
    expect(seen).toEqual([traceId, 'v']);
  });

  const error = new RangeError('no');
  test.each<[string, (request: IncomingMessage, response: ServerResponse, next: Next) => void]>([
    [
      'throws',
      (): never => {
        throw error;
      },
    ],
    ['calls next with an error', (_request, _response, next): void => next(error)],
    ...(version === '5' ? [['rejects', (): Promise<never> => Promise.reject(error)] as [string, () => never]] : []),
  ])('a handler that %s: the error handler runs in the same span, which has the full route', async (_, handler) => {
    const [app, router] = mounted('/api/:tenant');
    router.get('/:id', traceHandler(handler) as never);
    app.use(
      traceHandler((given: unknown, _request: IncomingMessage, response: ServerResponse, _next: Next): void => {
        response.writeHead(500).end(`${String(given)} in ${trace.getActiveSpan()?.spanContext().traceId}`);
      }) as never,
    );
    const response = await fetch(`${await listen(app)}/api/acme/7`, { headers: { traceparent } });
    expect(await response.text()).toBe(`RangeError: no in ${traceId}`);
    await until(() => spans.spans().length === 1);
    expect(spans.span('GET /api/:tenant/:id')).toMatchObject({
      status: { code: 2 },
      attributes: { 'http.route': '/api/:tenant/:id', 'http.response.status_code': 500, 'error.type': '500' },
    });
  });

  test('after an error left its router, no partial route is recorded', async () => {
    const [app, router] = mounted('/orders');
    router.get('/:id', (_request, _response, next) => next(error));
    app.use((_given: unknown, _request: unknown, response: ServerResponse, _next: unknown) => {
      response.writeHead(500).end();
    });
    expect(await routeOf(app, '/orders/7')).toEqual(['GET', undefined]);
  });
});
