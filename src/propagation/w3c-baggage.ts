// Implements baggage that keeps its received header until it is changed.
import { type Baggage, type BaggageEntry, propagation } from '@opentelemetry/api';
import { baggageByteLimit, baggageMemberLimit, formatBaggage, parseBaggage, passableBaggage } from './baggage-codec.ts';

/** Must change when the meaning of methods changes that other copies of this package call. */
const brandVersion = 1;

/**
 * Baggage from a header. It is parsed when it is first read; while nothing is changed, the header itself is propagated, byte for
 * byte. Immutable, like OpenTelemetry's baggage.
 */
export class W3CBaggage implements Baggage {
  readonly #source: string;
  #entries: ReadonlyMap<string, BaggageEntry> | undefined;
  #unreadable = false;
  #header: string | undefined;

  private constructor(
    source: string,
    header: string | undefined,
    entries: ReadonlyMap<string, BaggageEntry> | undefined,
  ) {
    this.#source = source;
    this.#header = header;
    this.#entries = entries;
  }

  /** Identifies such baggage, because a process may have several copies of the class. @internal */
  get mqtraceBaggage(): number {
    return brandVersion;
  }

  /** The header that was received, if it is sent unchanged. Other copies of this package may not have this property. @internal */
  get receivedHeader(): string | undefined {
    return this.#source === this.#header && this.#source !== '' ? this.#source : undefined;
  }

  static fromHeader(header: string): W3CBaggage {
    const passable = passableBaggage(header);
    // The truncated part has been counted, and need not be parsed.
    return new W3CBaggage(passable ?? header, passable, undefined);
  }

  static fromEntries(entries: Iterable<[string, BaggageEntry]>): W3CBaggage {
    return new W3CBaggage('', undefined, new Map(entries));
  }

  /** The header to send; empty if there is nothing to send. */
  toHeader(): string {
    this.#header ??= formatBaggage(this.#parsed());
    return this.#header;
  }

  getEntry(key: string): BaggageEntry | undefined {
    const entry = this.#parsed().get(key);
    return entry === undefined ? undefined : { ...entry };
  }

  getAllEntries(): [string, BaggageEntry][] {
    return [...this.#parsed()].map(([key, entry]) => [key, { ...entry }]);
  }

  setEntry(key: string, entry: BaggageEntry): W3CBaggage {
    return W3CBaggage.fromEntries([...this.#parsed(), [key, { ...entry }]]);
  }

  /**
   * The baggage with additional entries for keys that it does not have. Its received header is kept, followed by the entries, if
   * all of them fit. @internal
   */
  withAppended(entries: readonly [string, BaggageEntry][]): W3CBaggage {
    const all: [string, BaggageEntry][] = [...this.#parsed(), ...entries];
    const own = this.toHeader();
    const more = formatBaggage(entries);
    const header = own === '' || more === '' ? own + more : `${own},${more}`;
    const fits = header.length <= baggageByteLimit && header.split(',').length <= baggageMemberLimit;
    if (!fits) return W3CBaggage.fromEntries(all);
    const appended = new W3CBaggage('', header, new Map(all));
    appended.#unreadable = this.#unreadable;
    return appended;
  }

  removeEntry(key: string): W3CBaggage {
    return this.removeEntries(key);
  }

  removeEntries(...keys: string[]): W3CBaggage {
    return W3CBaggage.fromEntries([...this.#parsed()].filter(([key]) => !keys.includes(key)));
  }

  clear(): W3CBaggage {
    return emptyBaggage;
  }

  /** Whether the header has invalid members, which are not entries. @internal */
  hasUnreadable(): boolean {
    this.#parsed();
    return this.#unreadable;
  }

  #parsed(): ReadonlyMap<string, BaggageEntry> {
    this.#entries ??= parseBaggage(this.#source, () => (this.#unreadable = true));
    return this.#entries;
  }
}

/** Whether a value is such baggage, including that of another copy of this package. @internal */
export function isW3CBaggage(baggage: Baggage): baggage is W3CBaggage {
  return (baggage as Partial<W3CBaggage>).mqtraceBaggage === brandVersion;
}

/** @internal */
export const emptyBaggage: W3CBaggage = W3CBaggage.fromEntries([]);

/** The API's own baggage is immutable as well, so that its header is written once and reused. */
const apiBaggage: unknown = propagation.createBaggage().constructor;
const headers = new WeakMap<Baggage, string>();

/**
 * Whether the header of this baggage is cached, so that dropped entries are counted once: not for foreign baggage.
 * @internal
 */
export function hasCachedHeader(baggage: Baggage): boolean {
  return isW3CBaggage(baggage) || baggage.constructor === apiBaggage;
}

/** The header for baggage of any implementation. @internal */
export function baggageHeader(baggage: Baggage): string {
  if (isW3CBaggage(baggage)) return baggage.toHeader();
  const known = headers.get(baggage);
  if (known !== undefined) return known;
  const header = formatBaggage(baggage.getAllEntries());
  if (baggage.constructor === apiBaggage) headers.set(baggage, header);
  return header;
}
