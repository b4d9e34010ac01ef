// The clock of samplers that measure the load.
/** Milliseconds from any start, never going back. @internal */
export type Clock = () => number;

/** @internal */
export const steadyClock: Clock = () => performance.now();

/** What tests may put in a sampler's options beside the public ones. @internal */
export interface Clocked {
  readonly clock?: Clock | undefined;
}
