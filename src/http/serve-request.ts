// Runs code within the span of a request, for frameworks that call middleware.
import { runInContext } from '../common/active-context.ts';
import { guard } from '../messaging/index.ts';
import type { Request } from './request.ts';
import { type HandlerTracing, type Response, Serving } from './serving.ts';

/**
 * Starts the span of a request, or finds the one that another traced handler has started; undefined if there is none.
 *
 * @param readRoute - returns the template of the route; called when the response ends.
 */
export function startServing(
  tracing: HandlerTracing,
  request: unknown,
  response: unknown,
  readRoute?: () => string | undefined,
): Serving | undefined {
  return guard('tracing a request', () => {
    const serving = Serving.of(request) ?? Serving.start(tracing, request as Request, response as Response);
    if (readRoute !== undefined) serving?.readRouteAtEnd(readRoute);
    return serving;
  });
}

/** Runs the rest of the middleware and observes its promise: a rejection is recorded and rethrown unchanged. */
export async function serveNext(serving: Serving | undefined, next: () => Promise<unknown>): Promise<void> {
  if (serving === undefined) {
    await next();
    return;
  }
  try {
    await runInContext(serving.operation.context, next);
  } catch (error) {
    serving.record(error);
    throw error;
  }
}
