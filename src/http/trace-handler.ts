// Wraps request handlers of node:http and of Express.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { trace } from '@opentelemetry/api';
import { invalidOption } from '../common/errors.ts';
import { activeContext, guard, isEagerPromise, runInContext } from '../messaging/index.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { rememberOriginal } from './express-route.ts';
import { resolveHandlerOptions, type TraceHandlerOptions } from './handler-options.ts';
import type { Request } from './request.ts';
import { type Response, Serving } from './serving.ts';

/**
 * Wraps a `node:http` request handler, or an Express-shaped one (`(req, res, next)`, `(err, req, res, next)`): the trace and
 * baggage of the request are active in the handler and in everything that it calls, within a SERVER span that ends with the
 * response.
 *
 * What the handler returns and throws is unchanged. If OpenTelemetry's HTTP instrumentation is enabled, it creates the span and
 * this wrapper does nothing (`force: true` overrides). Follows the stable HTTP conventions.
 *
 * @throws MqtraceError `INVALID_OPTION` if it is not a function, or for invalid options
 */
export function traceHandler<R>(
  handler: (request: IncomingMessage, response: ServerResponse) => R,
  options?: TraceHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => R;
export function traceHandler<H extends (...args: never[]) => unknown>(handler: H, options?: TraceHandlerOptions): H;
export function traceHandler<H extends (...args: never[]) => unknown>(
  handler: H,
  options: TraceHandlerOptions = {},
): H {
  if (typeof handler !== 'function') throw invalidOption('traceHandler', handler, 'a request handler');
  const tracing = resolveHandlerOptions('traceHandler', options);
  const at = handler.length === 4 ? 1 : 0;
  const call = handler as unknown as (this: unknown, ...args: unknown[]) => unknown;
  function tracedHandler(this: unknown, ...args: unknown[]): unknown {
    const run = (): unknown => call.apply(this, args);
    const request = args[at];
    const known = guard('finding a request', () => Serving.of(request));
    if (known !== undefined) return runAgain(known, request as Request, run);
    const serving = guard('tracing a request', () =>
      Serving.start(tracing, request as Request, args[at + 1] as Response),
    );
    if (serving === undefined) return run();
    // A framework responds to errors of its handlers; without one there may be no response.
    return serve(serving, run, typeof args[at + 2] === 'function');
  }
  Object.defineProperty(tracedHandler, 'length', { value: handler.length, configurable: true });
  Object.defineProperty(tracedHandler, 'name', { value: handler.name, configurable: true });
  rememberOriginal(tracedHandler, handler);
  return tracedHandler as unknown as H;
}

/** An error handler runs after the context of the handler that threw has been left. */
function runAgain(known: Serving, request: Request, run: () => unknown): unknown {
  known.seeRoute(request);
  const active = activeContext();
  const inside = isTracingSuppressed(active) || trace.getSpan(active) !== undefined;
  return runInContext(inside ? active : known.operation.context, run);
}

function serve(serving: Serving, run: () => unknown, framework: boolean): unknown {
  const failed = (error: unknown): void => {
    if (framework) serving.record(error);
    else serving.fail(error);
  };
  let result: unknown;
  try {
    result = runInContext(serving.operation.context, run);
  } catch (error) {
    failed(error);
    throw error;
  }
  if (!isEagerPromise(result)) return result;
  const promise = result;
  const observed = guard('observing a promise', () =>
    promise.then(
      (value) => value,
      (error: unknown) => {
        failed(error);
        throw error;
      },
    ),
  );
  return observed ?? result;
}
