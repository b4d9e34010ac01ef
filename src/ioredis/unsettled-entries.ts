// Remembers the creation contexts of delivered entries until their XACK, within limits of count and memory.
import type { Attributes, SpanContext } from '@opentelemetry/api';
import { headerByteLimits } from '../../carriers/limits.ts';

/** What an XACK needs of an entry: its `traceparent`, if the other values follow from that and the id. @internal */
export type UnsettledEntry = string | KnownEntry;

/** An entry whose context has been read. @internal */
export interface KnownEntry {
  readonly creation: SpanContext;
  readonly attributes: Attributes;
}

/** The limits of a generation. @internal */
export interface UnsettledLimits {
  readonly entries: number;
  /** Of texts and objects; the maps are not counted. */
  readonly bytes: number;
}

const usualLimits: UnsettledLimits = { entries: 10_000, bytes: 4_000_000 };
const bytesOfObject = 400;

/**
 * The entries that were delivered and not acknowledged. When the younger of two generations reaches a limit, the older one is dropped.
 *
 * @internal
 */
export class UnsettledEntries {
  readonly #limits: UnsettledLimits;
  #young = new Generation();
  #old = new Generation();

  constructor(limits: UnsettledLimits = usualLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#young.count === 0 && this.#old.count === 0;
  }

  set(stream: string, group: string, id: string, entry: UnsettledEntry): void {
    const young = this.#young;
    young.set(keyOf(stream, group), id, entry);
    if (young.count < this.#limits.entries && young.bytes < this.#limits.bytes) return;
    this.#old = young;
    this.#young = new Generation();
  }

  /** Returns and removes an entry. */
  take(stream: string, group: string, id: string): UnsettledEntry | undefined {
    const key = keyOf(stream, group);
    const entry = this.#young.take(key, id);
    const older = this.#old.take(key, id);
    return entry ?? older;
  }
}

class Generation {
  count = 0;
  bytes = 0;
  /** By stream and group, because a key for each entry would take more time and memory. */
  readonly #groups = new Map<string, Map<string, UnsettledEntry>>();
  #lastKey: string | undefined;
  #last: Map<string, UnsettledEntry> | undefined;

  set(key: string, id: string, entry: UnsettledEntry): void {
    let entries = this.#find(key);
    if (entries === undefined) {
      entries = new Map();
      this.#groups.set(key, entries);
      this.#last = entries;
      this.bytes += key.length;
    } else {
      // An entry that was claimed again is in the map already.
      this.#remove(entries, id);
    }
    entries.set(id, entry);
    this.count++;
    this.bytes += bytesOf(id, entry);
  }

  take(key: string, id: string): UnsettledEntry | undefined {
    if (this.count === 0) return undefined;
    const entries = this.#find(key);
    if (entries === undefined) return undefined;
    const entry = this.#remove(entries, id);
    if (entries.size === 0) {
      this.#groups.delete(key);
      this.bytes -= key.length;
      this.#lastKey = undefined;
      this.#last = undefined;
    }
    return entry;
  }

  #find(key: string): Map<string, UnsettledEntry> | undefined {
    if (key !== this.#lastKey) {
      this.#last = this.#groups.get(key);
      this.#lastKey = key;
    }
    return this.#last;
  }

  #remove(entries: Map<string, UnsettledEntry>, id: string): UnsettledEntry | undefined {
    const entry = entries.get(id);
    if (entry === undefined) return undefined;
    entries.delete(id);
    this.count--;
    this.bytes -= bytesOf(id, entry);
    return entry;
  }
}

function keyOf(stream: string, group: string): string {
  return `${stream.length}:${stream}${group}`;
}

function bytesOf(id: string, entry: UnsettledEntry): number {
  if (typeof entry === 'string') return id.length + entry.length;
  return id.length + bytesOfObject + (entry.creation.traceState === undefined ? 0 : headerByteLimits.tracestate);
}
