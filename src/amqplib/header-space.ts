// Fits trace headers into the space that the application's headers leave, before the client's publish is called.
import { Buffer } from 'node:buffer';
import { countDroppedHeader } from '../../carriers/dropped-headers.ts';
import { amqpHeaders, type AmqpHeaders, headerByteLimits } from '../../carriers/index.ts';
import { wholeMembers } from '../../carriers/limits.ts';
import { reportFault } from '../common/faults.ts';
import { publishOptions } from './publish-options.ts';

/** amqplib encodes a header table into a buffer of this size, which also holds the table's length of 4 bytes. */
const tableLimit = 65_536;
/** The size of a content header frame without the table: frame, class, weight, body size, flags, and numbers. */
const frameOverhead = 64;

/**
 * The headers to publish with: as many of the trace headers as fit. All of them; `baggage` cut after the last whole
 * member that fits; no `baggage` and no `tracestate`; or undefined, for the message as the application gave it.
 *
 * This has to be computed before the call. A table that is too large makes amqplib throw after it has queued the confirm's callback
 * (up to 1.0), or truncates the last string silently, for which the broker closes the connection (up to 2.2.1). A broker also
 * closes a connection if a header needs more than one frame.
 *
 * @param frameMax - the connection's largest frame; undefined or 0 if it has no limit.
 */
export function fitHeaders(
  carried: AmqpHeaders,
  options: unknown,
  frameMax: number | undefined,
): AmqpHeaders | undefined {
  try {
    const space = new HeaderSpace(options ?? {}, frameMax);
    if (space.holds(carried)) return carried;
    countDroppedHeader('amqp-table-full');
    const cut = cutBaggage(carried, space);
    if (cut !== undefined && space.holds(cut)) return cut;
    const trace = amqpHeaders.copy(carried);
    amqpHeaders.remove(trace, ['baggage', 'tracestate']);
    return space.holds(trace) ? trace : undefined;
  } catch (error) {
    reportFault('measuring headers', error);
    return undefined;
  }
}

/** Undefined if no member fits. */
function cutBaggage(carried: AmqpHeaders, space: HeaderSpace): AmqpHeaders | undefined {
  const baggage = carried['baggage'];
  if (typeof baggage !== 'string') return undefined;
  const headers = amqpHeaders.copy(carried);
  headers['baggage'] = '';
  const left = space.left(headers);
  const kept = left > 0 ? wholeMembers(baggage, Math.min(left, headerByteLimits.baggage)) : undefined;
  if (kept === undefined) return undefined;
  headers['baggage'] = kept;
  return headers;
}

/** The space for the headers of one message. Sizes are upper bounds. */
export class HeaderSpace {
  readonly #options: Readonly<Record<string, unknown>>;
  /** The space for the table, without `CC` and `BCC`, which amqplib adds to it. */
  readonly #limit: number;

  constructor(options: object, frameMax: number | undefined) {
    this.#options = options as Readonly<Record<string, unknown>>;
    let limit = tableLimit;
    if (frameMax !== undefined && frameMax > 0 && frameMax < tableLimit + 4096) {
      limit = Math.min(limit, frameMax - frameOverhead - this.#propertiesSize());
    }
    this.#limit = limit - this.#copiesSize();
  }

  holds(headers: object): boolean {
    // Most tables are far below the limit, so that their strings need not be measured individually.
    return tableSize(headers, mostBytes) <= this.#limit || this.left(headers) >= 0;
  }

  /** The bytes left next to these headers; negative if they are too large. */
  left(headers: object): number {
    return this.#limit - tableSize(headers, bytesOf);
  }

  #copiesSize(): number {
    let size = 0;
    for (const name of ['CC', 'BCC']) {
      const value = this.#options[name];
      if (value !== undefined) size += 1 + name.length + valueSize([value].flat().map(String), bytesOf);
    }
    return size;
  }

  #propertiesSize(): number {
    let size = 0;
    for (const name of publishOptions) {
      const value = this.#options[name];
      if (value !== undefined) size += typeof value === 'string' ? 1 + bytesOf(value) : 24;
    }
    return size;
  }
}

type Measure = (text: string) => number;

/** UTF-8 takes at most three bytes for each UTF-16 code unit. */
function mostBytes(text: string): number {
  return text.length * 3;
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

/** An AMQP 0-9-1 field table as amqplib encodes it, inherited properties included. */
function tableSize(table: object, measure: Measure): number {
  let size = 4;
  for (const name in table) {
    const value = (table as Record<string, unknown>)[name];
    if (value !== undefined) size += 1 + measure(name) + valueSize(value, measure);
  }
  return size;
}

function valueSize(value: unknown, measure: Measure): number {
  if (typeof value === 'string') return 5 + measure(value);
  if (typeof value !== 'object' || value === null) return 9;
  if (Buffer.isBuffer(value)) return 5 + value.length;
  if (Array.isArray(value)) return value.reduce<number>((size, item) => size + valueSize(item, measure), 5);
  // A value with an explicit type, such as { '!': 'timestamp', value: 1 }.
  return Object.hasOwn(value, '!')
    ? 9 + valueSize((value as { value?: unknown }).value, measure)
    : 1 + tableSize(value, measure);
}
