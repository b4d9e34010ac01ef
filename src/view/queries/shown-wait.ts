// Chooses which wait of a message is shown first.
import type { ConsumerRow, Distribution } from './types.ts';

/** The wait that is shown first: from the creation where it is known, else by the broker's time. */
export function shownWait(row: ConsumerRow): Distribution | undefined {
  return row.basis === 'age' ? row.age : row.wait;
}
