// A span of BullMQ that is not recorded: its INTERNAL ones, of which there are several for each job and for idle workers.
import type { Context } from '@opentelemetry/api';
import type { BullmqSpan } from './types.ts';

const none = (): void => {};

/** What it does, it does in the context that is active. @internal */
export const skippedSpan: BullmqSpan = {
  setSpanOnContext: (context: Context): Context => context,
  setAttribute: none,
  setAttributes: none,
  addEvent: none,
  recordException: none,
  end: none,
};
