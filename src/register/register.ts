// Traces a service that does not call mqtrace: reads the options, starts tracing and patches the clients.
import { warn } from '../common/warnings.ts';
import { Environment } from '../config/environment.ts';
import { isRegistered } from '../sdk/api-globals.ts';
import { startTracing } from '../sdk/start-tracing.ts';
import type { Tracing } from '../sdk/tracing.ts';
import { clientNames, switchOn } from './clients.ts';
import { readConfigFile } from './config-file.ts';
import { watchHooks } from './module-loads.ts';
import type { RegisterOptions } from './options.ts';
import { endWhenOwnSdkStarts } from './own-sdk.ts';
import { readVariables, type Variables } from './variables.ts';

/**
 * Traces the clients and calls `startTracing`. It never throws: the service starts even if this fails.
 *
 * @returns the tracing that was started; undefined if a provider was already registered, or it was disabled.
 */
export function register(): Tracing | undefined {
  try {
    const environment = new Environment('override');
    const variables = readVariables(environment);
    const options = readConfigFile(environment.text('MQTRACE_CONFIG'));
    traceClients(options, variables);
    watchHooks();
    return startUnlessRegistered(options, variables);
  } catch (error) {
    warn(`mqtrace/register failed; some or all clients are not traced: ${String(error)}`);
    return undefined;
  }
}

function traceClients(options: RegisterOptions, variables: Variables): void {
  for (const name of clientNames) {
    const own = options[name];
    if (variables.clients === undefined ? own === false : !variables.clients.includes(name)) continue;
    const more = name === 'ioredis' ? variables.ioredis : {};
    switchOn(name, { ...options.messaging, ...(own === false ? {} : own), ...variables.messaging, ...more });
  }
}

function startUnlessRegistered({ tracing }: RegisterOptions, { sdk, metrics }: Variables): Tracing | undefined {
  if (!(sdk ?? tracing !== false) || isRegistered('trace')) return undefined;
  const options = tracing === false ? {} : tracing;
  const started = startTracing({ ...options, ...(metrics !== undefined && { metrics }) });
  endWhenOwnSdkStarts(started);
  return started;
}
