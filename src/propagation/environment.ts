// Passes a context to a child process or worker in environment variables.
import type { Context } from '@opentelemetry/api';
import { environment, type EnvironmentVariables } from '../../carriers/environment.ts';
import { activeContext } from '../common/active-context.ts';
import { extract, inject, type PropagationOptions } from './inject-extract.ts';

/**
 * Environment variables that carry a context to a child process or a worker thread: a copy of the given ones with `TRACEPARENT`,
 * `TRACESTATE` and `BAGGAGE` (or those of another propagator). The context with which this process was started is not passed on.
 *
 *     spawn('node', ['job.js'], { env: injectEnvironment() });
 *     new Worker(url, { env: injectEnvironment() });
 *
 * @param variables - default: `process.env`.
 * @param context - default: the active context.
 */
export function injectEnvironment(
  variables: EnvironmentVariables = process.env,
  context: Context = activeContext(),
  options: PropagationOptions = {},
): EnvironmentVariables {
  const copy = environment.copy(variables);
  environment.remove(copy, ['traceparent', 'tracestate', 'baggage']);
  return inject(environment, copy, context, options);
}

/** The context with which this process or worker was started; the root context if its variables have none. Never throws. */
export function extractEnvironment(
  variables: EnvironmentVariables = process.env,
  options: PropagationOptions = {},
): Context {
  return extract(environment, variables, undefined, options);
}
