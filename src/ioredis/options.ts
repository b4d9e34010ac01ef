// Defines the options of traceRedis().
import { checkBoolean } from '../common/check-options.ts';
import { checkOptions, type TraceOptions } from '../messaging/options.ts';

/** Options of `traceRedis`. */
export interface TraceRedisOptions extends TraceOptions {
  /**
   * Whether trace fields at the end of an entry are removed from replies, so that the application gets the fields that were sent.
   * Default `true`.
   */
  hideFields?: boolean | undefined;
  /**
   * Whether the lag of the consumer groups that are read is queried from the server whenever metrics are read, as
   * `mqtrace.consumer.lag` and `mqtrace.consumer.pending`. A connection is opened for each of these queries. Default
   * false.
   */
  pollLag?: boolean | undefined;
}

/** @internal */
export function checkRedisOptions(where: string, options: TraceRedisOptions): void {
  checkOptions(where, options, ['hideFields', 'pollLag']);
  for (const name of ['hideFields', 'pollLag'] as const) {
    const value = options[name];
    if (value !== undefined) checkBoolean(value, `${where}({ ${name} })`);
  }
}
