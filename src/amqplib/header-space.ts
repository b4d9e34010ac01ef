// Makes tracing's headers fit beside the application's: what does not fit is known before the one call of the client's publish.
import { Buffer } from 'node:buffer';
import { countDroppedHeader } from '../../carriers/dropped-headers.ts';
import { amqpHeaders, type AmqpHeaders, headerByteLimits } from '../../carriers/index.ts';
import { wholeMembers } from '../../carriers/limits.ts';
import { guard } from '../messaging/index.ts';
import { publishOptions } from './publish-options.ts';

/** amqplib encodes a header table into a buffer of this size, which also holds the table's length of 4 bytes. */
const tableLimit = 65_536;
/** Everything in a content header frame but the table: frame, class, weight, body size, flags, and numbers. */
const frameOverhead = 64;

/**
 * The headers to publish with: as many of the trace headers as fit. All of them; `baggage` cut after the last whole
 * member that fits; no `baggage` and no `tracestate`; or undefined, for the message as the application gave it.
 *
 * It has to be known before the call. A table that is too large makes amqplib throw after it has queued the confirm's callback (up
 * to 1.0), or truncates the last string silently, for which the broker closes the connection (up to 2.2.1). A broker also closes a
 * connection on which a header takes more than one frame.
 *
 * @param frameMax - the connection's largest frame; undefined or 0 where it has no limit.
 */
export function fitHeaders(
  carried: AmqpHeaders,
  options: unknown,
  frameMax: number | undefined,
): AmqpHeaders | undefined {
  const fitted = guard('measuring headers', () => {
    const space = new HeaderSpace(options ?? {}, frameMax);
    if (space.holds(carried)) return { headers: carried };
    countDroppedHeader('amqp-table-full');
    const cut = cutBaggage(carried, space);
    if (cut !== undefined && space.holds(cut)) return { headers: cut };
    const trace = amqpHeaders.copy(carried);
    amqpHeaders.remove(trace, ['baggage', 'tracestate']);
    return { headers: space.holds(trace) ? trace : undefined };
  });
  return fitted?.headers;
}

/** Undefined where not one member fits. */
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

/** How many bytes the headers of one message may take. Sizes are upper bounds. */
export class HeaderSpace {
  readonly #options: Readonly<Record<string, unknown>>;
  /** For the table without `CC` and `BCC`, which amqplib puts into it. */
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
    // Most tables are far below the limit; then their strings need not be measured one by one.
    return tableSize(headers, mostBytes) <= this.#limit || this.left(headers) >= 0;
  }

  /** How many bytes are left beside these headers; negative where they are too large. */
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
  // A value whose type is given, as { '!': 'timestamp', value: 1 }.
  return Object.hasOwn(value, '!')
    ? 9 + valueSize((value as { value?: unknown }).value, measure)
    : 1 + tableSize(value, measure);
}
