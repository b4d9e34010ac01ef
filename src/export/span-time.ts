// Converts times like the SDK's spans, so that light spans have the same times.
import type { HrTime, TimeInput } from '@opentelemetry/api';

/** @internal */
export const nanosPerSecond = 1e9;

/** Milliseconds since the epoch as seconds and nanoseconds. @internal */
export function fromMillis(millis: number): HrTime {
  return [Math.trunc(millis / 1000), Math.round((millis % 1000) * 1e6)];
}

/** The sum of two times. Nanoseconds carry over once, as in the SDK. @internal */
export function addTimes(a: HrTime, b: HrTime): HrTime {
  const nanos = a[1] + b[1];
  return nanos >= nanosPerSecond ? [a[0] + b[0] + 1, nanos - nanosPerSecond] : [a[0] + b[0], nanos];
}

/** The duration between two times; the seconds are negative if the second time is earlier. @internal */
export function timeBetween(start: HrTime, end: HrTime): HrTime {
  const nanos = end[1] - start[1];
  return nanos < 0 ? [end[0] - start[0] - 1, nanos + nanosPerSecond] : [end[0] - start[0], nanos];
}

/** @internal */
export function isTimePair(value: unknown): value is HrTime {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'number';
}

/** @internal */
export function isTime(value: unknown): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || isTimePair(value);
}

/**
 * Converts a given time; undefined if it is invalid. A small number is a value of `performance.now()`.
 *
 * @param offset - the wall clock minus the performance clock, in milliseconds.
 * @internal
 */
export function givenTime(time: unknown, offset: number): HrTime | undefined {
  if (typeof time === 'number') {
    if (time > performance.now() || Number.isNaN(time)) return fromMillis(time);
    return addTimes(fromMillis(performance.timeOrigin), fromMillis(time + offset));
  }
  if (time instanceof Date) return fromMillis(time.getTime());
  return isTimePair(time) ? time : undefined;
}
