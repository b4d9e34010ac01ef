import { type Context, context as contextApi, diag } from '@opentelemetry/api';

let warned = false;

/** Runs `fn` in a context; without a context manager that has no effect, which is said once. @internal */
export function runIn<R>(context: Context, fn: () => R, caller: string): R {
  return contextApi.with(context, () => {
    if (contextApi.active() !== context && !warned) {
      warned = true;
      diag.warn(
        `mqtrace: ${caller} has no effect, because no context manager is registered; call startTracing() or register one`,
      );
    }
    return fn();
  });
}
