// Handles intended delays: the age of a message starts when it was to be delivered.
import { parseDigits } from '../common/digits.ts';

/**
 * The header with the intended delivery time of a message: milliseconds since the epoch, as decimal text. Set it on a message that
 * is sent with a delay, so that `mqtrace.message.age` starts at that time.
 */
export const deliverAtHeader = 'mqtrace-deliver-at';

/** The number of digits of times from 2001 to 2286, and the earliest of them. */
const digits = 13;
const earliest = 1e12;

const time = new Float64Array(1);

/** The time in a header, in milliseconds since the epoch; undefined if it is invalid. @internal */
export function timeInHeader(value: unknown): number | undefined {
  return readTimeInHeader(value, time) ? time[0] : undefined;
}

/** Stores the time in a header; returns false if it is invalid. @internal */
export function readTimeInHeader(value: unknown, into: Float64Array): boolean {
  if (typeof value === 'number') {
    into[0] = value;
    return Number.isInteger(value) && value >= earliest && value < earliest * 10;
  }
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) return false;
  if (value.length !== digits) return false;
  return parseDigits(typeof value === 'string' ? value : value.toString(), digits, into) && into[0]! >= earliest;
}

/**
 * Replaces the time at which a message was sent by the time from which it waits: its intended delivery time, if that is later. A
 * message that is delivered early has not waited.
 *
 * @internal
 */
export function waitsSince(sentAt: Float64Array, deliverAt: unknown): void {
  if (deliverAt === undefined || !readTimeInHeader(deliverAt, time)) return;
  const planned = time[0]!;
  if (planned > sentAt[0]!) sentAt[0] = Math.max(sentAt[0]!, Math.min(planned, Date.now()));
}

/**
 * Removes a past time from copied headers: it belongs to the message from which they were copied, not to the one that is being
 * sent.
 *
 * @internal
 */
export function dropPastDelivery(headers: object): void {
  const own = headers as Record<string, unknown>;
  const given = own[deliverAtHeader];
  if (given === undefined) return;
  const planned = timeInHeader(Array.isArray(given) ? given.at(-1) : given);
  if (planned === undefined || planned > Date.now()) return;
  // oxlint-disable-next-line typescript/no-dynamic-delete -- these headers are a copy
  delete own[deliverAtHeader];
}
