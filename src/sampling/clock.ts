// The clock of samplers that measure the load.
/** Milliseconds of a monotonic clock with an arbitrary start. @internal */
export type Clock = () => number;

/** @internal */
export const steadyClock: Clock = () => performance.now();

/** Options of samplers that only tests set. @internal */
export interface Clocked {
  readonly clock?: Clock | undefined;
}
