import { Buffer } from 'node:buffer';
import { amqpHeaders, type AmqpHeaders, headerByteLimits } from '../../carriers/index.ts';
import { wholeMembers } from '../../carriers/limits.ts';
import { countDroppedHeader } from '../../carriers/dropped-headers.ts';
import { guard } from '../messaging/index.ts';
import { publishOptions, withHeaders } from './publish-options.ts';

/** What amqplib encodes at most is 64 KiB of headers and some small properties; no frame of this size is too small for it. */
const alwaysFits = 70_000;
const tableLimit = 65_536;

/**
 * Publishes with as many of the trace headers as there is room for: all; all with `baggage` cut after the last whole member that
 * fits; the trace without `baggage` and `tracestate`, which may hold anything, by anyone; none, as the application gave the message.
 * amqplib throws a `RangeError` for headers over 64 KiB, and it encodes before it writes anything, so that what has thrown has not
 * been sent.
 *
 * @param frameMax - the connection's largest frame; the broker closes a connection on which a message's headers need more.
 */
export function publishInRoom(
  carried: AmqpHeaders | undefined,
  options: unknown,
  frameMax: number | undefined,
  publish: (options: unknown) => unknown,
): unknown {
  if (carried === undefined) return publish(options);
  for (const less of [undefined, cutBaggage, traceOnly]) {
    const room = Math.min(tableLimit, frameMax ?? tableLimit);
    const headers = less ? guard('measuring headers', () => less(carried, options ?? {}, room)) : carried;
    if (headers === undefined) continue;
    if (frameMax !== undefined && frameMax < alwaysFits) {
      if (!guard('measuring headers', () => fitsFrame(frameMax, options ?? {}, headers))) continue;
    }
    try {
      const result = publish(withHeaders(options, headers));
      if (less) countDroppedHeader('amqp-table-full');
      return result;
    } catch (error) {
      // By its name, since the client may live in another realm (as under jest).
      if ((error as Error | null | undefined)?.name !== 'RangeError') throw error;
    }
  }
  const result = publish(options);
  countDroppedHeader('amqp-table-full');
  return result;
}

/** Undefined where not one member fits. */
function cutBaggage(carried: AmqpHeaders, options: object, room: number): AmqpHeaders | undefined {
  const baggage = carried['baggage'];
  if (typeof baggage !== 'string') return undefined;
  const headers = amqpHeaders.copy(carried);
  amqpHeaders.remove(headers, ['baggage']);
  const left = room - frameSize(options, { ...headers, baggage: '' });
  const kept = left > 0 ? wholeMembers(baggage, Math.min(left, headerByteLimits.baggage)) : undefined;
  return kept === undefined ? undefined : { ...headers, baggage: kept };
}

function traceOnly(carried: AmqpHeaders): AmqpHeaders {
  const headers = amqpHeaders.copy(carried);
  amqpHeaders.remove(headers, ['baggage', 'tracestate']);
  return headers;
}

/** Size of everything in a content header frame but the headers: frame, class, weight, body size, flags, and numbers. */
const frameOverhead = 64;

/** Whether a message's content header fits in one frame, reckoned rather too large than too small. */
export function fitsFrame(frameMax: number, options: object, headers: object): boolean {
  return frameSize(options, headers) <= frameMax;
}

function frameSize(options: object, headers: object): number {
  let size = frameOverhead + tableSize(headers);
  for (const name of publishOptions) {
    const value = (options as Record<string, unknown>)[name];
    if (name === 'CC' || name === 'BCC') size += value === undefined ? 0 : 16 + valueSize([value].flat().map(String));
    else size += typeof value === 'string' ? valueSize(value) : 32;
  }
  return size;
}

/** AMQP 0-9-1 field table as amqplib encodes it. */
function tableSize(table: object): number {
  let size = 4;
  for (const name in table) {
    const value = (table as Record<string, unknown>)[name];
    if (value !== undefined) size += 1 + Buffer.byteLength(name) + valueSize(value);
  }
  return size;
}

function valueSize(value: unknown): number {
  if (typeof value === 'string') return 5 + Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return 9;
  if (Buffer.isBuffer(value)) return 5 + value.length;
  if (Array.isArray(value)) return value.reduce<number>((size, item) => size + valueSize(item), 5);
  return '!' in value ? 9 + valueSize((value as { value?: unknown }).value) : 1 + tableSize(value);
}
