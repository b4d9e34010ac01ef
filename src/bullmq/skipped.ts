// Implements a span of BullMQ that is not recorded: for its INTERNAL spans, of which there are several for each job and for idle
// workers.
import type { Context } from '@opentelemetry/api';
import type { BullmqSpan } from './types.ts';

const none = (): void => {};

/** Runs functions in the active context. @internal */
export const skippedSpan: BullmqSpan = {
  setSpanOnContext: (context: Context): Context => context,
  setAttribute: none,
  setAttributes: none,
  addEvent: none,
  recordException: none,
  end: none,
};
