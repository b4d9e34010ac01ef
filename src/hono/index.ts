// Traces the requests of a Hono application on Node.js.
import { resolveHandlerOptions, type TraceHandlerOptions } from '../http/handler-options.ts';
import { serveNext, startServing } from '../http/serve-request.ts';
import { WebResponse, webRequest } from '../http/web-request.ts';

export { type TraceHandlerOptions } from '../http/handler-options.ts';

/** The part of a Hono context that is read. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request };
  readonly env: unknown;
  readonly res: Response;
  readonly error: Error | undefined;
}

/**
 * Hono middleware: each request has a SERVER span with the caller's trace and baggage, named after the matched route. With
 * `@hono/node-server` the span ends with the response; elsewhere when the middleware has returned. Use it before all other middleware.
 *
 *     app.use(traceHono());
 *
 * @param options - as for `traceHandler`.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function traceHono(
  options: TraceHandlerOptions = {},
): (c: HonoContextLike, next: () => Promise<void>) => Promise<void> {
  const tracing = resolveHandlerOptions('traceHono', options);
  return async (c, next) => {
    const { incoming, outgoing } = (c.env ?? {}) as { incoming?: unknown; outgoing?: unknown };
    const web = incoming === undefined || outgoing === undefined ? new WebResponse() : undefined;
    const serving = startServing(tracing, web ? webRequest(c.req.raw) : incoming, web ?? outgoing, () => routeOf(c));
    try {
      await serveNext(serving, next);
    } finally {
      // Hono converts errors to responses before its middleware continues.
      if (c.error !== undefined) serving?.record(c.error);
      web?.finish(c.res.status);
    }
  };
}

/** The path of the handler that ran; a path with a wildcard belongs to middleware or is not a template. */
function routeOf(c: HonoContextLike): string | undefined {
  const { routePath } = c.req as { routePath?: unknown };
  return typeof routePath === 'string' && !routePath.includes('*') ? routePath : undefined;
}
