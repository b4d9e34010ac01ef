// Handles intended delays: the age of a message starts when it was to be delivered.
/**
 * The header with the intended delivery time of a message: milliseconds since the epoch, as decimal text. Set it on a message that
 * is sent with a delay, so that `mqtrace.message.age` starts at that time.
 */
export const deliverAtHeader = 'mqtrace-deliver-at';

/** Thirteen digits: times from 2001 to 2286. */
const milliseconds = /^[1-9]\d{12}$/;

/** The time in a header, in milliseconds since the epoch; undefined if it is invalid. @internal */
export function timeInHeader(value: unknown): number | undefined {
  if (typeof value === 'number') return milliseconds.test(`${value}`) ? value : undefined;
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) return undefined;
  if (value.length !== 13) return undefined;
  const text = value.toString();
  return milliseconds.test(text) ? Number(text) : undefined;
}

/**
 * The time from which a message waits: its send time, or its intended delivery time if that is later. A message that is
 * delivered early has not waited.
 *
 * @internal
 */
export function waitsSince(sentAt: number | undefined, deliverAt: unknown): number | undefined {
  if (deliverAt === undefined || sentAt === undefined) return sentAt;
  const planned = timeInHeader(deliverAt);
  if (planned === undefined || planned <= sentAt) return sentAt;
  return Math.max(sentAt, Math.min(planned, Date.now()));
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
