// Keeps the operations that are not ended yet, in the order in which they were added.
import type { Operation } from './operation.ts';

/** The place of an operation among the open ones. */
export interface OpenEntry {
  /** Removes the operation. */
  remove(): void;
}

class Entry<Open> implements OpenEntry {
  readonly operation: Open;
  #owner: OpenOperations<Open> | undefined;
  previous: Entry<Open> | undefined;
  next: Entry<Open> | undefined = undefined;

  constructor(operation: Open, owner: OpenOperations<Open>, previous: Entry<Open> | undefined) {
    this.operation = operation;
    this.#owner = owner;
    this.previous = previous;
  }

  remove(): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.unlink(this);
  }
}

/** A linked list: a `Set`, to which each message is added and soon removed, would take most of the cost of an operation. */
export class OpenOperations<Open = Operation> implements Iterable<Open> {
  #first: Entry<Open> | undefined;
  #last: Entry<Open> | undefined;

  add(operation: Open): OpenEntry {
    const last = this.#last;
    const entry = new Entry(operation, this, last);
    if (last === undefined) this.#first = entry;
    else last.next = entry;
    this.#last = entry;
    return entry;
  }

  /** @internal */
  unlink(entry: Entry<Open>): void {
    const { previous, next } = entry;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // Else each removed entry that still exists would keep all later ones in memory.
    entry.previous = undefined;
    entry.next = undefined;
  }

  /** All of them; any may be removed meanwhile. */
  [Symbol.iterator](): Iterator<Open> {
    const all: Open[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.next) all.push(entry.operation);
    return all.values();
  }
}
