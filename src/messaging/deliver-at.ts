// A delay that is meant: when a message was to be delivered, which its age does not count from before.
/**
 * The header that says when a message is meant to be delivered: milliseconds since the epoch, as decimal text. Set it on a message that
 * is sent with a delay, and `mqtrace.message.age` counts from then on.
 */
export const deliverAtHeader = 'mqtrace-deliver-at';

/** Thirteen digits: times from 2001 to 2286. */
const milliseconds = /^[1-9]\d{12}$/;

/** A time that a header holds, in milliseconds since the epoch; undefined where it holds none. @internal */
export function timeInHeader(value: unknown): number | undefined {
  if (typeof value === 'number') return milliseconds.test(`${value}`) ? value : undefined;
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) return undefined;
  if (value.length !== 13) return undefined;
  const text = value.toString();
  return milliseconds.test(text) ? Number(text) : undefined;
}

/**
 * The time from which on a message waits: when it was sent, or when it was to be delivered, if that is later. What is delivered before
 * its time has not waited.
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
 * Removes a time that has passed from headers of our own: it came with the message from which they were copied, and says nothing of
 * the one that is being sent.
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
