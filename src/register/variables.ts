// Reads the MQTRACE_* variables, which take precedence over the file with the options.
import type { Environment } from '../config/environment.ts';
import type { TraceRedisOptions } from '../ioredis/index.ts';
import type { Parenting, TraceOptions } from '../messaging/index.ts';
import { clientNames, type ClientName } from './clients.ts';

const yesOrNo = ['true', 'false'] as const;

/** The values of the variables; undefined if unset. */
export interface Variables {
  /** Whether tracing is started if no provider is registered. */
  readonly sdk: boolean | undefined;
  /** The clients that are traced. */
  readonly clients: readonly ClientName[] | undefined;
  /** Whether the messages are counted and timed. */
  readonly metrics: boolean | undefined;
  /** Options of all clients. */
  readonly messaging: TraceOptions;
  /** Options of ioredis only. */
  readonly ioredis: TraceRedisOptions;
}

/** Reads the variables; invalid values are reported and ignored. */
export function readVariables(environment: Environment): Variables {
  const bool = (name: string): boolean | undefined => {
    const text = environment.oneOf(name, yesOrNo);
    return text === undefined ? undefined : text === 'true';
  };
  const sdk = environment.oneOf('MQTRACE_SDK', ['on', 'off']);
  return {
    sdk: sdk === undefined ? undefined : sdk === 'on',
    clients: environment.listOf('MQTRACE_CLIENTS', clientNames),
    metrics: bool('MQTRACE_METRICS'),
    messaging: given<TraceOptions>({
      parenting: environment.oneOf<Parenting>('MQTRACE_PARENTING', ['parent', 'link', 'auto']),
      existingContext: environment.oneOf('MQTRACE_EXISTING_CONTEXT', ['replace', 'keep']),
      settleSpans: bool('MQTRACE_SETTLE_SPANS'),
      pipelines: bool('MQTRACE_PIPELINES'),
      cloudEvents: bool('MQTRACE_CLOUD_EVENTS'),
      fastPath: bool('MQTRACE_FAST_PATH'),
    }),
    ioredis: given({ hideFields: bool('MQTRACE_HIDE_FIELDS') }),
  };
}

/** Removes undefined values, so that they do not override others when merged. */
function given<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}
