// Implements the context of a received message that is not sampled: its ids become text when they are read.
import { Buffer } from 'node:buffer';
import { type Baggage, type Context, type Span, trace } from '@opentelemetry/api';
import { RANDOM_TRACE_ID_FLAG } from '../common/random-trace-id.ts';
import { markValid } from '../common/valid-span-context.ts';
import { baggageKey, FieldContext, randomKey, spanKey } from './field-context.ts';

/** The length of a `traceparent` of version 00. */
const length = 55;
const zero = 0x30;
const dash = 0x2d;

const digits = '0123456789abcdef';
const digitCodes = Uint8Array.from(Buffer.from(digits));
/** The value of each lower-case digit by its character code; -1 for any other code. */
const values = new Int8Array(256).fill(-1);
for (let value = 0; value < digits.length; value++) values[digits.charCodeAt(value)] = value;

// The ids of the header that was parsed last, four words and two. Safe, because no other code runs until they are used.
let a = 0;
let b = 0;
let c = 0;
let d = 0;
let e = 0;
let f = 0;
/** Negative after {@link wordAt} has found a character that is not a digit. */
let checked = 0;

/** Eight digits as an integer of 32 bits. */
function wordAt(bytes: Uint8Array, at: number): number {
  const first = values[bytes[at]!]!;
  const second = values[bytes[at + 1]!]!;
  const third = values[bytes[at + 2]!]!;
  const fourth = values[bytes[at + 3]!]!;
  const fifth = values[bytes[at + 4]!]!;
  const sixth = values[bytes[at + 5]!]!;
  const seventh = values[bytes[at + 6]!]!;
  const last = values[bytes[at + 7]!]!;
  checked |= first | second | third | fourth | fifth | sixth | seventh | last;
  const high = (first << 28) | (second << 24) | (third << 20) | (fourth << 16);
  return high | (fifth << 12) | (sixth << 8) | (seventh << 4) | last;
}

/**
 * Parses the `traceparent` of an unsampled message in the common form: version 00, lower case, and no flag but the random one.
 *
 * @returns its flags, with which {@link UnsampledContext.ofParsed} must be called next; undefined for any other header, valid or not.
 */
export function parseUnsampled(bytes: Uint8Array): number | undefined {
  if (bytes.length !== length || bytes[0] !== zero || bytes[1] !== zero || bytes[53] !== zero) return undefined;
  if (bytes[2] !== dash || bytes[35] !== dash || bytes[52] !== dash) return undefined;
  const flags = bytes[54]! - zero;
  if (flags !== 0 && flags !== RANDOM_TRACE_ID_FLAG) return undefined;
  checked = 0;
  a = wordAt(bytes, 3);
  b = wordAt(bytes, 11);
  c = wordAt(bytes, 19);
  d = wordAt(bytes, 27);
  e = wordAt(bytes, 36);
  f = wordAt(bytes, 44);
  return checked >= 0 && (a | b | c | d) !== 0 && (e | f) !== 0 ? flags : undefined;
}

const text = Buffer.alloc(48);

function putWord(word: number, at: number): void {
  for (let digit = 0; digit < 8; digit++) text[at + digit] = digitCodes[(word >>> (28 - 4 * digit)) & 15]!;
}

/**
 * The root context with the trace context of an unsampled message, and its baggage. The ids of most such messages are never read:
 * they are integers until then, because decoding text takes longer than all else that such a message needs. Immutable, like all
 * contexts.
 */
export class UnsampledContext implements Context {
  readonly #a = a;
  readonly #b = b;
  readonly #c = c;
  readonly #d = d;
  readonly #e = e;
  readonly #f = f;
  readonly traceFlags: number;
  readonly #baggage: Baggage | undefined;
  readonly #marksRandom: boolean;
  /** Created when it is first read. */
  #span: Span | undefined = undefined;

  private constructor(traceFlags: number, baggage: Baggage | undefined, marksRandom: boolean) {
    this.traceFlags = traceFlags;
    this.#baggage = baggage;
    this.#marksRandom = marksRandom;
  }

  /**
   * The context of the message whose header was parsed last.
   *
   * @param marksRandom - whether its trace id is known to be random, also without the span.
   */
  static ofParsed(traceFlags: number, baggage: Baggage | undefined, marksRandom: boolean): UnsampledContext {
    return new UnsampledContext(traceFlags, baggage, marksRandom);
  }

  getValue(key: symbol): unknown {
    if (key === spanKey) return (this.#span ??= this.#createSpan());
    if (key === baggageKey) return this.#baggage;
    return key === randomKey ? this.#randomTraceId() : undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#toFields().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#toFields().deleteValue(key);
  }

  #toFields(): Context {
    const span = (this.#span ??= this.#createSpan());
    return FieldContext.of(span, this.#baggage, this.#randomTraceId());
  }

  #randomTraceId(): string | undefined {
    if (!this.#marksRandom) return undefined;
    return (this.#span ??= this.#createSpan()).spanContext().traceId;
  }

  #createSpan(): Span {
    putWord(this.#a, 0);
    putWord(this.#b, 8);
    putWord(this.#c, 16);
    putWord(this.#d, 24);
    putWord(this.#e, 32);
    putWord(this.#f, 40);
    const ids = text.toString('latin1');
    const { traceFlags } = this;
    const spanContext = { traceId: ids.slice(0, 32), spanId: ids.slice(32), traceFlags, isRemote: true };
    markValid(spanContext, true);
    return trace.wrapSpanContext(spanContext);
  }
}
