/** Width of a slot in milliseconds, and number of slots: together the newest ten minutes. */
export const slotMs = 10_000;
const slots = 60;
const dayMs = 86_400_000;

/** Counts and mean waits of the newest ten minutes, by the time of the events. */
export class TimeSlots {
  readonly #counts = new Float64Array(slots);
  readonly #waits = new Float64Array(slots);
  readonly #waited = new Float64Array(slots);
  /** Number of the newest slot, counted from the epoch. */
  #newest = 0;
  first: number = Number.POSITIVE_INFINITY;
  last = 0;
  total = 0;

  add(time: number, weight: number, wait?: number): void {
    // A clock that is days ahead must not remove the slots of correct times.
    if (!(time > 0) || time > Date.now() + dayMs) return;
    const slot = Math.floor(time / slotMs);
    if (slot > this.#newest) this.#advance(slot);
    if (time < this.first) this.first = time;
    if (time > this.last) this.last = time;
    this.total += weight;
    if (slot <= this.#newest - slots) return;
    this.#counts[slot % slots]! += weight;
    if (wait !== undefined) this.addWait(time, weight, wait);
  }

  /** Adds a wait that became known after the event was counted. */
  addWait(time: number, weight: number, wait: number): void {
    const slot = Math.floor(time / slotMs);
    if (!(slot > this.#newest - slots) || slot > this.#newest) return;
    this.#waits[slot % slots]! += Math.log(Math.max(0.1, wait)) * weight;
    this.#waited[slot % slots]! += weight;
  }

  /** Adds the counts and waits of another place. */
  merge(other: TimeSlots): void {
    if (other.#newest > this.#newest) this.#advance(other.#newest);
    this.first = Math.min(this.first, other.first);
    this.last = Math.max(this.last, other.last);
    this.total += other.total;
    for (let slot = Math.max(0, this.#newest - slots + 1); slot <= other.#newest; slot++) {
      this.#counts[slot % slots]! += other.#counts[slot % slots]!;
      this.#waits[slot % slots]! += other.#waits[slot % slots]!;
      this.#waited[slot % slots]! += other.#waited[slot % slots]!;
    }
  }

  /** Events per second: over the newest minute if there are recent events, else over the whole time. */
  rate(now: number): number {
    if (this.total === 0) return 0;
    if (now - this.last < 60_000 && this.last - this.first > 30_000) {
      let count = 0;
      for (let slot = this.#newest - 6; slot < this.#newest; slot++) count += this.#counts[slot % slots]!;
      const covered = Math.min(60_000, this.#newest * slotMs - this.first);
      if (covered > slotMs) return count / (covered / 1000);
    }
    return this.total / Math.max(1, (this.last - this.first) / 1000);
  }

  /** Whether waits grow: the newest quarter of the slots compared with the earlier ones; undefined if there are too few waits. */
  trend(): 'up' | 'down' | 'steady' | undefined {
    const recent = this.#mean(0, slots / 4);
    const before = this.#mean(slots / 4, slots);
    if (recent === undefined || before === undefined) return undefined;
    const factor = Math.exp(recent - before);
    if (factor > 1.3) return 'up';
    return factor < 1 / 1.3 ? 'down' : 'steady';
  }

  #mean(from: number, to: number): number | undefined {
    let sum = 0;
    let count = 0;
    for (let back = from; back < to && back <= this.#newest; back++) {
      sum += this.#waits[(this.#newest - back) % slots]!;
      count += this.#waited[(this.#newest - back) % slots]!;
    }
    return count < 5 ? undefined : sum / count;
  }

  #advance(slot: number): void {
    const from = Math.max(this.#newest + 1, slot - slots + 1);
    for (let at = from; at <= slot; at++) {
      this.#counts[at % slots] = this.#waits[at % slots] = this.#waited[at % slots] = 0;
    }
    this.#newest = slot;
  }
}
