// Carrier for trace headers in environment variables.
import type { CarrierAdapter } from './adapter.ts';
import { isHeaderMap } from './map-headers.ts';
import { safeReader } from './safe-reader.ts';
import { headerNameLimit, allValues, readValue } from './limits.ts';
import { isHeaderRecord, recordCopy } from './record.ts';

/** Environment variables, as `process.env` or the `env` option of `child_process.spawn` and of a `Worker`. */
export interface EnvironmentVariables {
  [name: string]: string | undefined;
}

/**
 * Environment variables (OpenTelemetry's environment carriers): a header is stored in the variable with its name in capitals and
 * `_` for every character that is not a letter or digit: `TRACEPARENT`, `TRACESTATE`, `BAGGAGE`, `X_B3_TRACEID`.
 */
export const environment: CarrierAdapter<EnvironmentVariables> = safeReader<EnvironmentVariables>({
  name: 'environment',
  get: (variables, key) => readValue(key.toLowerCase(), lookUp(variables, key)),
  getAll: (variables, key) => allValues(key.toLowerCase(), [lookUp(variables, key)]),
  keys: (variables) =>
    Object.keys(recordOf(variables))
      .slice(0, headerNameLimit)
      .map((name) => name.toLowerCase().replaceAll('_', '-')),
  set(variables, key, value) {
    variables[variable(key)] = value;
  },
  copy: (variables) => recordCopy(recordOf(variables), true),
  remove(variables, names) {
    for (const name of names) {
      if (!name.endsWith('*')) Reflect.deleteProperty(variables, variable(name));
      else removePrefixed(variables, variable(name.slice(0, -1)));
    }
  },
});

function variable(key: string): string {
  return key.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}

function lookUp(given: EnvironmentVariables, key: string): unknown {
  const [variables, name] = [recordOf(given), variable(key)];
  return Object.hasOwn(variables, name) ? variables[name] : undefined;
}

/** The variables by name, also from a Map; empty for any other value. */
function recordOf(variables: unknown): EnvironmentVariables {
  if (!isHeaderRecord(variables)) return {};
  return isHeaderMap(variables)
    ? (Object.fromEntries(variables) as EnvironmentVariables)
    : (variables as EnvironmentVariables);
}

function removePrefixed(variables: EnvironmentVariables, prefix: string): void {
  for (const name of Object.keys(variables)) {
    if (name.startsWith(prefix)) Reflect.deleteProperty(variables, name);
  }
}
