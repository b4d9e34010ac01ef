// Traces the requests of a Koa application.
import { resolveHandlerOptions, type TraceHandlerOptions } from '../http/handler-options.ts';
import { serveNext, startServing } from '../http/serve-request.ts';

export { type TraceHandlerOptions } from '../http/handler-options.ts';

/** The part of a Koa context that is read. */
export interface KoaContextLike {
  readonly req: unknown;
  readonly res: unknown;
}

/**
 * Koa middleware: each request has a SERVER span with the caller's trace and baggage, named after the route that `@koa/router`
 * has matched. Use it before all other middleware.
 *
 *     app.use(traceKoa());
 *
 * @param options - as for `traceHandler`.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function traceKoa(
  options: TraceHandlerOptions = {},
): (ctx: KoaContextLike, next: () => Promise<unknown>) => Promise<void> {
  const tracing = resolveHandlerOptions('traceKoa', options);
  return (ctx, next) =>
    serveNext(
      startServing(tracing, ctx.req, ctx.res, () => routeOf(ctx)),
      next,
    );
}

/** The route that `@koa/router` and `koa-router` store in the context; a regular expression is not a template. */
function routeOf(ctx: KoaContextLike): string | undefined {
  const { _matchedRoute: route } = ctx as { _matchedRoute?: unknown };
  return typeof route === 'string' ? route : undefined;
}
