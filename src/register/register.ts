// Traces a service that does not call mqtrace: reads the options, starts tracing and patches the clients.
import { warn } from '../common/warnings.ts';
import { Environment } from '../config/environment.ts';
import { isRegistered } from '../sdk/api-globals.ts';
import { startTracing } from '../sdk/start-tracing.ts';
import type { Tracing } from '../sdk/tracing.ts';
import { clientNames, switchOn } from './clients.ts';
import { readConfigFile } from './config-file.ts';
import { watchHooks } from './module-loads.ts';
import { handOverToOwnSdk } from './hand-over.ts';
import type { RegisterOptions } from './options.ts';
import { readVariables, type Variables } from './variables.ts';

/**
 * Does what `--import mqtrace/register` is for. It never throws: the service starts whatever is wrong here.
 *
 * @returns the tracing that was started; undefined where a provider was registered before, or it was switched off.
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
    warn(`mqtrace/register failed, and the service starts without all of it: ${String(error)}`);
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
  handOverToOwnSdk(started);
  return started;
}
