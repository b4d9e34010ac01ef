// Reads and sets single baggage entries, also with types.
import { type BaggageEntry, baggageEntryMetadataFromString, type Context, propagation } from '@opentelemetry/api';
import { countDroppedHeader } from '../../carriers/dropped-headers.ts';
import { checkFunction, checkNames } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { isBaggageKey } from './baggage-codec.ts';
import { activeContext } from '../common/active-context.ts';
import { getBaggage } from './with-baggage.ts';

/** Options of setting an entry. */
export interface BaggageSetOptions {
  /** Properties of the entry, in the form after the first `;`: `ttl=30;private`. */
  metadata?: string | undefined;
  /** The context to start from. Default: the active one. */
  context?: Context | undefined;
}

/** One key of baggage whose values have a type; created by {@link baggageKey}. */
export interface BaggageKey<T> {
  readonly name: string;
  /** The value in a context (default: the active one); undefined if it is missing or cannot be parsed. */
  get(context?: Context): T | undefined;
  /** A new context with the value. */
  set(value: T, options?: BaggageSetOptions): Context;
  /** The entry by its name, for `withBaggage({ ...tenant.entry(42) }, fn)`. */
  entry(value: T): Record<string, BaggageEntry>;
}

/** Baggage of a context, one entry at a time. Contexts are never changed: `set` and `remove` return new ones. */
export const baggage: {
  get(key: string, context?: Context): string | undefined;
  getMetadata(key: string, context?: Context): string | undefined;
  /** All values by key. */
  getAll(context?: Context): Record<string, string>;
  /**
   * A key that is not a token (W3C Baggage 3.3.1.1), or a value that is not a string, is dropped and counted, and the same context
   * is returned.
   */
  set(key: string, value: string, options?: BaggageSetOptions): Context;
  remove(key: string, context?: Context): Context;
} = {
  get: (key, context) => getBaggage(context).getEntry(key)?.value,
  getMetadata: (key, context) => getBaggage(context).getEntry(key)?.metadata?.toString(),
  getAll: (context) =>
    Object.fromEntries(
      getBaggage(context)
        .getAllEntries()
        .map(([key, { value }]) => [key, value]),
    ),
  set(key, value, options = {}) {
    const context = options.context ?? activeContext();
    if (!isBaggageKey(key)) {
      countDroppedHeader('baggage-key-invalid');
      return context;
    }
    const entry = entryOf(() => toEntry(value, options.metadata));
    return entry === undefined ? context : propagation.setBaggage(context, getBaggage(context).setEntry(key, entry));
  },
  remove(key, context = activeContext()) {
    return propagation.setBaggage(context, getBaggage(context).removeEntry(key));
  },
};

/**
 * A key whose values are text: `const tenant = baggageKey('tenant')`.
 *
 * @throws MqtraceError `INVALID_OPTION` if the name is not a token.
 */
export function baggageKey(name: string): BaggageKey<string>;
/**
 * A key whose values have a type: `const tenant = baggageKey('tenant.id', { parse: Number })`.
 *
 * @param codec.parse - from text; if it returns undefined or NaN, or throws, the value counts as missing, because received messages
 *   are untrusted.
 * @param codec.format - to text. Default `String`. If it throws, the value is invalid and nothing is set.
 * @throws MqtraceError `INVALID_OPTION` if the name is not a token.
 */
export function baggageKey<T>(
  name: string,
  codec: { parse: (text: string) => T | undefined; format?: ((value: T) => string) | undefined },
): BaggageKey<T>;
export function baggageKey<T>(
  name: string,
  codec?: { parse: (text: string) => T | undefined; format?: ((value: T) => string) | undefined },
): BaggageKey<T> {
  if (typeof name !== 'string' || !isBaggageKey(name)) {
    throw invalidOption('baggageKey(name)', name, "a token: letters, digits and !#$%&'*+-.^_`|~");
  }
  if (codec !== undefined) {
    checkNames('baggageKey(codec)', codec, ['parse', 'format']);
    checkFunction('baggageKey({ parse })', codec.parse);
    if (codec.format !== undefined) checkFunction('baggageKey({ format })', codec.format);
  }
  const parse = codec?.parse ?? ((text: string): T => text as T);
  const format = codec?.format ?? String;
  return {
    name,
    get(context) {
      const text = baggage.get(name, context);
      if (text === undefined) return undefined;
      try {
        const value = parse(text);
        return Number.isNaN(value) ? undefined : value;
      } catch {
        countDroppedHeader('baggage-value-invalid');
        return undefined;
      }
    },
    set(value, options = {}) {
      const entry = entryOf(() => toEntry(format(value), options.metadata));
      const context = options.context ?? activeContext();
      return entry === undefined ? context : propagation.setBaggage(context, getBaggage(context).setEntry(name, entry));
    },
    entry(value): Record<string, BaggageEntry> {
      const entry = entryOf(() => toEntry(format(value)));
      return entry === undefined ? {} : { [name]: entry };
    },
  };
}

/** Undefined for a value that cannot be converted to text. */
function entryOf(make: () => BaggageEntry): BaggageEntry | undefined {
  try {
    return make();
  } catch {
    countDroppedHeader('baggage-value-invalid');
    return undefined;
  }
}

/** @internal */
export function toEntry(value: string, metadata?: string): BaggageEntry {
  return metadata === undefined || metadata === ''
    ? { value: String(value) }
    : { value: String(value), metadata: baggageEntryMetadataFromString(metadata) };
}
