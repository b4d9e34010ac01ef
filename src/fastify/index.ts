// Traces the requests of a Fastify server.
import { runInContext } from '../common/active-context.ts';
import { resolveHandlerOptions, type TraceHandlerOptions } from '../http/handler-options.ts';
import { startServing } from '../http/serve-request.ts';
import { Serving } from '../http/serving.ts';

export { type TraceHandlerOptions } from '../http/handler-options.ts';

/** The used part of a Fastify instance, for all versions from 4. */
export interface FastifyLike {
  // oxlint-disable-next-line typescript/no-explicit-any -- the hooks' types are Fastify's
  addHook(name: any, hook: (...args: any[]) => void): unknown;
}

interface FastifyRequest {
  readonly raw: unknown;
  readonly routeOptions?: { readonly url?: unknown };
}

interface FastifyReply {
  readonly raw: unknown;
}

/**
 * A Fastify plugin: each request has a SERVER span, named after its route, with the caller's trace and baggage. Register it before
 * other plugins and hooks, so that these run within the span.
 *
 *     await app.register(traceFastify);
 *
 * @param options - as for `traceHandler`.
 * @throws MqtraceError `INVALID_OPTION`, through Fastify's `register`
 */
export function traceFastify(app: FastifyLike, options: TraceHandlerOptions, done: (error?: Error) => void): void {
  try {
    // Fastify adds its own option, the prefix of a plugin, to the given options.
    const { prefix: _prefix, ...given } = options as TraceHandlerOptions & { prefix?: unknown };
    const tracing = resolveHandlerOptions('traceFastify', given);
    app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, next: () => void) => {
      const serving = startServing(tracing, request.raw, reply.raw, () => routeOf(request));
      if (serving === undefined) next();
      else runInContext(serving.operation.context, next);
    });
    app.addHook('onError', (request: FastifyRequest, _reply: FastifyReply, error: unknown, next: () => void) => {
      Serving.of(request.raw)?.record(error);
      next();
    });
  } catch (error) {
    done(error as Error);
    return;
  }
  done();
}

// Hooks of a plugin apply only to its own routes, unless it is marked like this. https://github.com/fastify/fastify-plugin
Object.assign(traceFastify, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'mqtrace',
});

/** Undefined for a request that no route matches. */
function routeOf({ routeOptions }: FastifyRequest): string | undefined {
  const url = routeOptions?.url;
  return typeof url === 'string' ? url : undefined;
}
