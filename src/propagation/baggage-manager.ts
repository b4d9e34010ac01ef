// Manages baggage entries of the whole process.
import { type BaggageEntry, type Context, propagation } from '@opentelemetry/api';
import { invalidOption } from '../common/errors.ts';
import { processState } from '../common/process-state.ts';
import { formatMember, isBaggageKey } from './baggage-codec.ts';
import { toEntry } from './baggage-entries.ts';
import { emptyBaggage, isW3CBaggage, W3CBaggage } from './w3c-baggage.ts';

/**
 * Baggage entries of the whole process, such as its region: every message that mqtrace sends carries them, in any context, with or
 * without a trace. An entry with the same key in the context of a send takes precedence.
 */
export class BaggageManager {
  readonly #entries: Map<string, BaggageEntry>;

  /** @param entries - the storage of the entries. Default: a new map. */
  constructor(entries: Map<string, BaggageEntry> = new Map()) {
    this.#entries = entries;
  }

  /**
   * @param metadata - properties of the entry, in the form after the first `;`.
   * @throws MqtraceError `INVALID_OPTION` if the key is not a token or the value not a string, or if they cannot be sent.
   */
  set(key: string, value: string, metadata?: string): this {
    if (typeof key !== 'string' || !isBaggageKey(key)) {
      throw invalidOption('BaggageManager.set(key)', key, "a token: letters, digits and !#$%&'*+-.^_`|~");
    }
    if (typeof value !== 'string') throw invalidOption(`BaggageManager.set(${key})`, value, 'a string');
    if (metadata !== undefined && typeof metadata !== 'string') {
      throw invalidOption(`BaggageManager.set(${key}, metadata)`, metadata, 'a string');
    }
    const entry = toEntry(value, metadata);
    if (formatMember(key, entry) === undefined) {
      throw invalidOption(`BaggageManager.set(${key})`, value, 'a value that can be sent');
    }
    this.#entries.set(key, entry);
    return this;
  }

  get(key: string): string | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Returns whether there was such an entry. */
  remove(key: string): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  entries(): [string, BaggageEntry][] {
    return [...this.#entries].map(([key, entry]) => [key, { ...entry }]);
  }

  /**
   * The context with these entries added to its baggage, except for keys that it has. Received baggage is kept byte for byte, and
   * the entries follow it. @internal
   */
  applyTo(context: Context): Context {
    if (this.#entries.size === 0) return context;
    const present = propagation.getBaggage(context) ?? emptyBaggage;
    const missing = [...this.#entries].filter(([key]) => present.getEntry(key) === undefined);
    if (missing.length === 0) return context;
    const baggage = isW3CBaggage(present) ? present : W3CBaggage.fromEntries(present.getAllEntries());
    return propagation.setBaggage(context, baggage.withAppended(missing));
  }
}

/** The process-wide baggage entries of this process, shared by all copies of this package. */
export const processBaggage: BaggageManager = new BaggageManager(processState('baggage', 1, () => new Map()));
