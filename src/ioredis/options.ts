// Options of traceRedis.
import { checkBoolean } from '../common/check-options.ts';
import { checkOptions, type TraceOptions } from '../messaging/options.ts';

/** Options of `traceRedis`. */
export interface TraceRedisOptions extends TraceOptions {
  /**
   * Whether trace fields at the end of an entry are removed from replies, so that the application gets the fields that were sent.
   * Default `true`.
   */
  hideFields?: boolean | undefined;
}

/** @internal */
export function checkTraceRedisOptions(options: TraceRedisOptions): void {
  checkOptions('traceRedis', options, ['hideFields']);
  const { hideFields } = options;
  if (hideFields !== undefined) checkBoolean(hideFields, 'traceRedis({ hideFields })');
}
