import { invalidOption } from '../common/errors.ts';
import { checkOptions, type TraceOptions } from '../messaging/index.ts';

/** Options of `traceRedis`. */
export interface TraceRedisOptions extends TraceOptions {
  /**
   * Whether replies come without the trace fields at the end of an entry, so that the application sees what was sent. Default
   * `true`.
   */
  hideFields?: boolean | undefined;
}

/** @internal */
export function checkTraceRedisOptions(options: TraceRedisOptions): void {
  checkOptions('traceRedis', options, ['hideFields']);
  const { hideFields } = options;
  if (hideFields !== undefined && typeof hideFields !== 'boolean') {
    throw invalidOption('traceRedis({ hideFields })', hideFields, 'true or false');
  }
}
