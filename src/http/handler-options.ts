// Defines and validates the options for tracing incoming requests.
import type { IncomingMessage } from 'node:http';
import { checkNonEmptyString, checkWhole } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { resolveHttpOptions, type TraceHttpOptions } from './options.ts';
import type { HandlerTracing } from './serving.ts';

/** Options of `traceHandler`, and of the middleware for frameworks. */
export interface TraceHandlerOptions extends TraceHttpOptions {
  /**
   * The route's template (`/orders/:id`), for the span's name and `http.route`; or a function that returns it, which is called with the
   * request when the response ends. Default: the route that the framework has matched. For Express: `req.route`, if there is one,
   * after the pattern at which its router is mounted; if an error has left that router, it is known only if the handler itself is
   * wrapped. Without a template there is no route: the path of a request never becomes the name.
   */
  route?: string | ((request: IncomingMessage) => string | undefined) | undefined;
  /**
   * Whether the client address, scheme and host are read from `Forwarded` or `X-Forwarded-*` headers of proxies in front of the
   * server. `true`: uses the first entry of these headers, which a client can forge unless the proxy replaces them. A number: this
   * many proxies append to the headers, and the entry of the outermost one is used. Default false.
   */
  trustProxy?: boolean | number | undefined;
}

/**
 * @throws MqtraceError `INVALID_OPTION`
 * @internal
 */
export function resolveHandlerOptions(where: string, options: TraceHandlerOptions): HandlerTracing {
  const tracing = resolveHttpOptions(where, options, ['route', 'trustProxy']);
  const { route, trustProxy = false } = options;
  if (route !== undefined && typeof route !== 'function') checkNonEmptyString(route, `${where}({ route })`);
  if (typeof trustProxy === 'number') checkWhole(1, 100)(trustProxy, `${where}({ trustProxy })`, options);
  else if (typeof trustProxy !== 'boolean') {
    throw invalidOption(`${where}({ trustProxy })`, trustProxy, 'true, false or a number of proxies');
  }
  return Object.assign(tracing, { route, trustProxy });
}
