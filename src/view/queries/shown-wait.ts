// Chooses which wait of a message is shown first.
import type { ConsumerRow, Distribution } from './types.ts';

/** The wait that is shown first: since the creation if that is known, else by the broker's timestamp. */
export function shownWait(row: ConsumerRow): Distribution | undefined {
  return row.basis === 'age' ? row.age : row.wait;
}
