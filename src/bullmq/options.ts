// Defines the options of bullmqTelemetry() and traceWorker().
import { checkOptions, type TraceOptions } from '../messaging/options.ts';

/** Options of {@link bullmqTelemetry} and {@link traceWorker}. `settleSpans` has no effect: BullMQ settles jobs itself. */
export type TraceBullmqOptions = TraceOptions;

/** @internal */
export function checkBullmqOptions(where: string, options: TraceBullmqOptions): void {
  checkOptions(where, options);
}
