// Remembers the entries of the latest reads until their XACK, in the order in which consumers usually acknowledge them.
import type { ReceivedMessage } from './message.ts';
import type { UnsettledEntries, UnsettledEntry } from './unsettled-entries.ts';

/** The limits of the reads that are kept in order. @internal */
export interface RecentLimits {
  readonly reads: number;
  readonly bytes: number;
}

const usualLimits: RecentLimits = { reads: 16, bytes: 5_000_000 };

/** Entries of one stream that one command returned for a group. @internal */
export interface ReadEntries {
  readonly stream: string;
  readonly group: string;
  /** At least one. Not used by the caller afterwards. */
  readonly messages: (ReceivedMessage | undefined)[];
  /** Whether an XACK links only those of sampled traces. */
  readonly onlySampled: boolean;
}

/** The entries of a read that are not acknowledged. */
class RecentRead {
  readonly read: ReadEntries;
  readonly bytes: number;
  readonly lastId: string;
  #next = 0;

  constructor(read: ReadEntries, bytes: number) {
    this.read = read;
    this.bytes = bytes;
    this.lastId = read.messages.at(-1)!.id;
  }

  get isEmpty(): boolean {
    return this.#next === this.read.messages.length;
  }

  isOf(stream: string, group: string): boolean {
    return this.read.stream === stream && this.read.group === group;
  }

  isNext(id: string): boolean {
    return this.read.messages[this.#next]?.id === id;
  }

  take(): ReceivedMessage {
    const { messages } = this.read;
    const message = messages[this.#next]!;
    // Else it would stay in memory until the others are acknowledged.
    messages[this.#next++] = undefined;
    return message;
  }
}

/**
 * The entries of the latest reads. Consumers usually acknowledge entries in the order in which they received them: then an entry is
 * found by comparing ids, and nothing is read or stored for each of them before. All others are moved to {@link UnsettledEntries}.
 *
 * @internal
 */
export class RecentReads {
  readonly #others: UnsettledEntries;
  readonly #limits: RecentLimits;
  /** The oldest first. */
  #reads: RecentRead[] = [];
  #bytes = 0;
  // The read that was found last, and how it was requested: comparing the same string objects is fast.
  #last: RecentRead | undefined = undefined;
  #lastStream = '';
  #lastGroup = '';

  /** @param others - for the entries that are not kept in order. */
  constructor(others: UnsettledEntries, limits: RecentLimits = usualLimits) {
    this.#others = others;
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#reads.length === 0 && this.#others.isEmpty;
  }

  /** @param isNew - whether the entries are in order, and the group has probably not received them before. */
  add(read: ReadEntries, isNew: boolean): void {
    const { stream, group, messages } = read;
    const bytes = isNew ? bytesOf(messages) : Infinity;
    if (bytes > this.#limits.bytes || !this.#follows(read)) {
      this.#moveAll(stream, group);
      for (const message of messages) this.#move(read, message!);
      return;
    }
    this.#reads.push(new RecentRead(read, bytes));
    this.#bytes += bytes;
    while (this.#reads.length > this.#limits.reads || this.#bytes > this.#limits.bytes) this.#moveRest(this.#reads[0]!);
  }

  /** Removes an entry and returns what is known of it; undefined if it is unknown, or is not to be linked. */
  take(stream: string, group: string, id: string): ReceivedMessage | UnsettledEntry | undefined {
    const recent = this.#find(stream, group, id);
    if (recent === undefined) {
      this.#moveAll(stream, group);
      return this.#others.take(stream, group, id);
    }
    const message = recent.take();
    if (recent.isEmpty) this.#remove(recent);
    // The group may have received it before.
    const earlier = this.#others.isEmpty ? undefined : this.#others.take(stream, group, id);
    return recent.read.onlySampled ? (message.unsettled(true) ?? earlier) : message;
  }

  #find(stream: string, group: string, id: string): RecentRead | undefined {
    const last = this.#last;
    const isSame = stream === this.#lastStream && group === this.#lastGroup;
    if (isSame && last !== undefined && last.isNext(id)) return last;
    for (const each of this.#reads) {
      if (!each.isNext(id) || !each.isOf(stream, group)) continue;
      this.#last = each;
      this.#lastStream = stream;
      this.#lastGroup = group;
      return each;
    }
    return undefined;
  }

  /** Whether the ids of a read are later than those of all earlier ones of its group. */
  #follows({ stream, group, messages }: ReadEntries): boolean {
    const before = this.#reads.findLast((each) => each.isOf(stream, group));
    return before === undefined || isLater(messages[0]!.id, before.lastId);
  }

  #moveAll(stream: string, group: string): void {
    if (this.#reads.length === 0) return;
    for (const each of this.#reads.filter((recent) => recent.isOf(stream, group))) this.#moveRest(each);
  }

  #moveRest(recent: RecentRead): void {
    this.#remove(recent);
    while (!recent.isEmpty) this.#move(recent.read, recent.take());
  }

  #move({ stream, group, onlySampled }: ReadEntries, message: ReceivedMessage): void {
    const unsettled = message.unsettled(onlySampled);
    if (unsettled !== undefined) this.#others.set(stream, group, message.id, unsettled);
  }

  #remove(recent: RecentRead): void {
    this.#reads = this.#reads.filter((each) => each !== recent);
    this.#bytes -= recent.bytes;
    this.#last = undefined;
  }
}

function bytesOf(messages: ReadEntries['messages']): number {
  let bytes = 0;
  for (const message of messages) bytes += message!.bytes;
  return bytes;
}

/** Compares ids of the form `milliseconds-number`; false for any other form. */
function isLater(id: string, other: string): boolean {
  const [time = '', number = ''] = id.split('-');
  const [otherTime = '', otherNumber = ''] = other.split('-');
  return isGreater(time, otherTime) || (time === otherTime && isGreater(number, otherNumber));
}

/** Compares whole numbers without leading zeros, which may be too large for a number of JavaScript. */
function isGreater(digits: string, others: string): boolean {
  return digits.length === others.length ? digits > others : digits.length > others.length;
}
