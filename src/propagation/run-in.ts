// Runs a function of the application in a context, and warns if that has no effect.
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { activeContext, runInContext } from '../common/active-context.ts';
import { checkFunction } from '../common/check-options.ts';
import { warn } from '../common/warnings.ts';

let warned = false;

/**
 * Runs `fn` in a context. Without a context manager that has no effect, and a warning is logged once.
 *
 * @throws MqtraceError `INVALID_OPTION` without a function
 * @internal
 */
export function runIn<R>(context: Context, fn: () => R, caller: string): R {
  checkFunction(`${caller}(…, fn)`, fn);
  return runInContext(context, () => {
    // Some managers, such as those of Sentry and Datadog, create their own context from the given one.
    if (!warned && context !== ROOT_CONTEXT && activeContext() === ROOT_CONTEXT) {
      warned = true;
      warn(`${caller} has no effect, because no context manager is registered: call startTracing() or register one`);
    }
    return fn();
  });
}
