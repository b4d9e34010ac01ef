// Finds the template of the Express route that handles a request, also below mounted routers.
import { mountPattern, type MountLayer } from './express-mount.ts';
import { type Request, urlOf } from './request.ts';

/** The part of an Express request that is read. */
interface ExpressRequest {
  route?: { path?: unknown };
  baseUrl?: unknown;
  app?: ExpressApp;
}

interface ExpressApp {
  parent?: ExpressApp;
  mountpath?: unknown;
  /** Set by Express 4, whose `router` throws. */
  _router?: Router;
  /** Set by Express 5. */
  router?: Router;
}

interface Router {
  stack?: unknown;
}

interface Layer extends MountLayer {
  route?: unknown;
  handle?: unknown;
}

const depthLimit = 10;
const hasParameters = /[:*?+(){}[\]]/;

/** The original handlers of traced handlers: a router may be one of them. */
const originals = new WeakMap<object, object>();

/** @internal */
export function rememberOriginal(traced: object, original: object): void {
  originals.set(traced, original);
}

/**
 * The template of the matched Express route, known once the route has been called. Undefined if it cannot be determined, as below a
 * router that is mounted with a regular expression: `req.baseUrl` holds the values of the request, which must not become part of a
 * name.
 */
export function expressRoute(request: Request): string | undefined {
  const { route, baseUrl, app } = request as ExpressRequest;
  if (typeof route?.path !== 'string') return undefined;
  if (typeof baseUrl !== 'string' || baseUrl === '') return isWhole(route.path, request) ? route.path : undefined;
  const mounted = app === undefined ? undefined : mountedAt(app, route, baseUrl);
  return mounted === undefined ? undefined : mounted + route.path;
}

/**
 * When an error leaves a router, Express discards where the router was mounted: the rest of the route is then shorter than the
 * path, and would look like the route of another router.
 */
function isWhole(route: string, request: Request): boolean {
  return /[*?+(){}]/.test(route) || segments(route) === segments(urlOf(request).split('?', 1)[0]!);
}

function segments(path: string): number {
  return path.split('/').filter((segment) => segment !== '').length;
}

/** The template of the path at which the router of a route is mounted. */
function mountedAt(app: ExpressApp, route: object, baseUrl: string): string | undefined {
  const { parent, mountpath } = app;
  if (parent === undefined) return within(stackOf(app), route, baseUrl, 0);
  // The router of the parent does not reveal the application that is mounted in it.
  const atRoot = parent.parent === undefined && typeof mountpath === 'string' && !hasParameters.test(mountpath);
  if (!atRoot || !baseUrl.startsWith(mountpath)) return undefined;
  const inner = within(stackOf(app), route, baseUrl.slice(mountpath.length), 0);
  return inner === undefined ? undefined : mountpath + inner;
}

function stackOf(app: ExpressApp): readonly Layer[] {
  return layersOf(app._router ?? app.router);
}

function layersOf(router: unknown): readonly Layer[] {
  const { stack } = (router ?? {}) as Router;
  return Array.isArray(stack) ? (stack as Layer[]) : [];
}

function within(layers: readonly Layer[], route: object, path: string, depth: number): string | undefined {
  if (path === '' && layers.some((layer) => layer.route === route)) return '';
  if (depth === depthLimit) return undefined;
  for (const layer of layers) {
    const nested = nestedIn(layer);
    if (nested.length === 0) continue;
    const mount = mountPattern(layer, path);
    if (mount === undefined) continue;
    const inner = within(nested, route, path.slice(mount.length), depth + 1);
    if (inner !== undefined) return mount.pattern === undefined ? undefined : mount.pattern + inner;
  }
  return undefined;
}

function nestedIn({ handle }: Layer): readonly Layer[] {
  if (typeof handle !== 'function') return [];
  return layersOf(originals.get(handle) ?? handle);
}
