// Defines the carrier and the attributes of one stream entry.
import { isAscii } from 'node:buffer';
import type { Attributes, Context } from '@opentelemetry/api';
import { readValue } from '../../carriers/limits.ts';
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import { parseDigits } from '../common/digits.ts';
import { reportFault } from '../common/faults.ts';
import { isSampled } from '../common/is-sampled.ts';
import {
  ATTR_MESSAGE_DELIVERY_ATTEMPT,
  ATTR_MESSAGE_ID,
  guard,
  type MessageContent,
  Received,
} from '../messaging/index.ts';
import { PlainFields } from '../propagation/plain-fields.ts';
import { parsePlainTraceparent } from '../propagation/plain-traceparent.ts';
import { propagatorFields } from '../propagation/header-families.ts';
import { mqtracePropagator } from '../propagation/propagator.ts';
import type { UnsettledEntry } from './unsettled-entries.ts';
import type { EntrySource } from './entry-source.ts';
import { type ReceivedEntry, receivedEntries, type StreamTracing } from './state.ts';

/** The settings for reading the entries of a reply, determined once per reply. @internal */
export class EntryReader {
  readonly #tracing: StreamTracing;
  readonly #names: readonly string[];
  readonly #readsLate: boolean;
  readonly #hidesPlain: boolean;

  constructor(tracing: StreamTracing) {
    this.#tracing = tracing;
    this.#names = hiddenNames(tracing);
    this.#readsLate = tracing.messaging.readsLate;
    const plain = mqtracePropagator.fields();
    this.#hidesPlain = this.#names.length === plain.length && plain.every((name, at) => name === this.#names[at]);
  }

  /**
   * Stores the context of an entry, for `processMessage`, and hides its trace fields. Undefined if it cannot be read; the other
   * entries of its reply are not affected.
   */
  receive(entry: unknown[], source: EntrySource): ReceivedMessage | undefined {
    try {
      const fields = fieldsOf(entry);
      if (this.#readsLate && plain.find(fields)) {
        const { start } = plain;
        plain.traceparent = asText(plain.traceparent);
        const message = new ReceivedMessage(source, entry, undefined, plain);
        // A Buffer references the whole reply, which would stay in memory.
        if (isBytes(plain.traceparent) || isBytes(plain.tracestate) || isBytes(plain.baggage)) message.read();
        if (this.#tracing.hidesFields) this.#hidePlain(fields, start);
        receivedEntries.set(entry, message);
        return message;
      }
    } catch (error) {
      reportFault('reading a stream entry', error);
      return undefined;
    }
    return this.#receiveUnusual(entry, source);
  }

  #hidePlain(fields: RedisFields, start: number): void {
    if (!this.#hidesPlain) hideTraceFields(this.#tracing, fields, this.#names);
    // A shorter `length` would take four times as long.
    else while (fields.length > start) fields.pop();
  }

  #receiveUnusual(entry: unknown[], source: EntrySource): ReceivedMessage | undefined {
    const fields = fieldsOf(entry);
    const incoming = guard('reading a stream entry', () => {
      const read = new ReceivedMessage(source, entry, fields);
      read.read();
      receivedEntries.set(entry, read);
      return read;
    });
    if (fields !== undefined) hideTraceFields(this.#tracing, fields, this.#names);
    return incoming;
  }
}

// Reused safely, because nothing else runs while they are in use.
const plain = new PlainFields();
const again = new PlainFields();

/** Hides the trace fields of an entry in the reply to a query. Its context is read only if it is processed. @internal */
export function showEntry(source: EntrySource, entry: unknown[], names: readonly string[]): void {
  const fields = fieldsOf(entry);
  if (fields === undefined) return;
  const hidden = hideTraceFields(source.tracing, fields, names);
  if (hidden !== undefined) receivedEntries.set(entry, new ShownEntry(source, entry, hidden));
}

class ShownEntry implements ReceivedEntry {
  readonly source: EntrySource;
  readonly #entry: readonly unknown[];
  readonly #hidden: RedisFields;

  constructor(source: EntrySource, entry: readonly unknown[], hidden: RedisFields) {
    this.source = source;
    this.#entry = entry;
    this.#hidden = hidden;
  }

  get incoming(): ReceivedMessage {
    return new ReceivedMessage(this.source, this.#entry, (fieldsOf(this.#entry) ?? []).concat(this.#hidden));
  }
}

/**
 * The names of the fields to hide. If the propagator writes nothing or fails, the fields of other writers are still hidden.
 * @internal
 */
export function hiddenNames({ messaging }: StreamTracing): readonly string[] {
  const names = propagatorFields(messaging.propagator);
  return names.length === 0 ? mqtracePropagator.fields() : names;
}

/** Removes the trace fields at the end of an entry, if they are to be hidden; returns them. */
function hideTraceFields(
  tracing: StreamTracing,
  fields: RedisFields,
  names: readonly string[],
): RedisFields | undefined {
  if (!tracing.hidesFields) return undefined;
  return guard('hiding trace fields', () => {
    const start = redisFields.trailingRun(fields, names);
    return start < fields.length ? fields.splice(start) : undefined;
  });
}

/** The context of an entry, and the data for its attributes. @internal */
export class ReceivedMessage extends Received implements ReceivedEntry {
  readonly source: EntrySource;
  readonly id: string;
  readonly #deliveries: unknown;
  /** The source of its context: all fields, or the values of the trace fields. */
  #fields: RedisFields | undefined;
  /** Whether only the values of the trace fields are kept. */
  readonly #isPlain: boolean;
  readonly #traceparent: unknown;
  readonly #tracestate: unknown;
  readonly #baggage: unknown;
  /** Kept only for options that look into messages. */
  readonly #content: MessageContent | undefined;

  /** @param found - the trace fields, if already found: the other fields need not be kept in memory then. */
  constructor(source: EntrySource, entry: readonly unknown[], fields: RedisFields | undefined, found?: PlainFields) {
    super(source.tracing.messaging, source.destination);
    this.source = source;
    // The id of an entry that was converted to JSON may have been a Buffer.
    this.id = typeof entry[0] === 'string' ? entry[0] : (readValue('id', entry[0]) ?? String(entry[0]));
    // XREADGROUP with CLAIM (Redis 8.4) adds the idle time of the entry and the number of earlier deliveries.
    this.#deliveries = entry.length === 4 ? entry[3] : undefined;
    this.#fields = fields;
    this.#isPlain = found !== undefined;
    this.#traceparent = found?.traceparent;
    this.#tracestate = found?.tracestate;
    this.#baggage = found?.baggage;
    this.#content = this.messaging.content === undefined ? undefined : { headers: entry[1] };
  }

  get incoming(): this {
    return this;
  }

  override get content(): MessageContent | undefined {
    return this.#content;
  }

  readSentAt(into: Float64Array): void {
    readTimeOfId(this.id, into);
  }

  protected extract(): Context {
    if (this.#isPlain) {
      again.traceparent = this.#traceparent;
      again.tracestate = this.#tracestate;
      again.baggage = this.#baggage;
      const context = this.messaging.extractFound(again);
      if (context !== undefined) return context;
    }
    const fields = this.#fields ?? this.#found();
    this.#fields = undefined;
    return this.messaging.extract(redisFields, fields);
  }

  #found(): RedisFields | undefined {
    const found: unknown[] = [];
    if (this.#traceparent !== undefined) found.push('traceparent', this.#traceparent);
    if (this.#tracestate !== undefined) found.push('tracestate', this.#tracestate);
    if (this.#baggage !== undefined) found.push('baggage', this.#baggage);
    return found.length === 0 ? undefined : (found as RedisFields);
  }

  /** False if it certainly belongs to no sampled trace. */
  get mayBeSampled(): boolean {
    const traceparent = this.#traceparent;
    if (typeof traceparent !== 'string' || this.#tracestate !== undefined) return true;
    return !isPlainUnsampled(traceparent);
  }

  /** An estimate of the memory that it takes; infinite if it cannot be estimated, or may reference the reply. */
  get bytes(): number {
    if (!this.#isPlain || this.#content !== undefined) return Infinity;
    return bytesOfMessage + textLength(this.#traceparent) + textLength(this.#tracestate) + textLength(this.#baggage);
  }

  /**
   * What an XACK of this entry needs, without its fields; undefined if it has no creation context.
   *
   * @param onlySampled - undefined is also returned for an entry of an unsampled trace.
   */
  unsettled(onlySampled: boolean): UnsettledEntry | undefined {
    const traceparent = this.#traceparent;
    if (typeof traceparent === 'string' && this.#tracestate === undefined && this.#deliveries === undefined) {
      // An invalid one does not need to be recognized: it has no creation context either.
      if (onlySampled && isPlainUnsampled(traceparent)) return undefined;
      if (parsePlainTraceparent(traceparent) !== undefined) return traceparent;
    }
    const { creation } = this;
    if (creation === undefined || (onlySampled && !isSampled(creation))) return undefined;
    return { creation, attributes: this.describe() };
  }

  get attempt(): number | undefined {
    if (this.#deliveries === undefined) return undefined;
    const deliveries = Number(this.#deliveries);
    return Number.isSafeInteger(deliveries) ? deliveries + 1 : undefined;
  }

  protected describe(): Attributes {
    const attributes: Attributes = { [ATTR_MESSAGE_ID]: this.id };
    const { attempt } = this;
    if (attempt !== undefined) attributes[ATTR_MESSAGE_DELIVERY_ATTEMPT] = attempt;
    return attributes;
  }
}

/** With its id, its context and its attributes. */
const bytesOfMessage = 400;

function textLength(value: unknown): number {
  if (value === undefined) return 0;
  return typeof value === 'string' ? value.length : Infinity;
}

/** Whether a `traceparent` of version 00 has known flags without the sampled one. */
function isPlainUnsampled(traceparent: string): boolean {
  if (traceparent.length !== 55 || traceparent.charCodeAt(52) !== 0x2d || traceparent.charCodeAt(53) !== 0x30)
    return false;
  const flags = traceparent.charCodeAt(54);
  return flags === 0x30 || flags === 0x32;
}

/**
 * A `traceparent` of the common length as text, which does not reference the reply; other values unchanged.
 */
function asText(value: unknown): unknown {
  return value instanceof Buffer && value.length === 55 && isAscii(value) ? value.toString('latin1') : value;
}

function isBytes(value: unknown): boolean {
  return typeof value === 'object';
}

function fieldsOf(entry: readonly unknown[]): RedisFields | undefined {
  return Array.isArray(entry[1]) ? (entry[1] as RedisFields) : undefined;
}

/** An id starts with the server's time, unless the writer chose it (`1-0`): a time before 2001 is not one, and stored as NaN. */
function readTimeOfId(id: string, into: Float64Array): void {
  const end = id.indexOf('-');
  const isTime = parseDigits(id, end < 0 ? id.length : end, into) && into[0]! >= 1e12;
  if (!isTime) into[0] = Number.NaN;
}
