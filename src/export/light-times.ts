// Keeps the times of a light span: the same as those of the SDK's spans, as numbers.
import { diag, type HrTime, type TimeInput } from '@opentelemetry/api';
import { addTimes, fromMillis, givenTime, nanosPerSecond, timeBetween } from './span-time.ts';

/**
 * The start and end of a span in whole seconds and nanoseconds. Pairs of them are built only for readers.
 *
 * @internal
 */
export class LightTimes {
  readonly startSeconds: number;
  readonly startNanos: number;
  /** 0 until the end is set. */
  endSeconds = 0;
  endNanos = 0;
  /** The monotonic clock at the start, in milliseconds. */
  readonly #tick: number;
  /** The wall clock at the start, in milliseconds; undefined if that is the start time. */
  readonly #wall: number | undefined;
  readonly #startGiven: boolean;
  #hasEnd = false;

  /** @param startTime - default: now. */
  constructor(startTime: TimeInput | undefined) {
    const now = Date.now();
    const tick = performance.now();
    this.#tick = tick;
    this.#startGiven = startTime != null;
    if (startTime == null && now > tick && Number.isInteger(now)) {
      this.#wall = undefined;
      this.startSeconds = Math.trunc(now / 1000);
      this.startNanos = (now % 1000) * 1e6;
    } else {
      this.#wall = now;
      const [seconds, nanos] = this.timeOf(startTime ?? now);
      this.startSeconds = seconds;
      this.startNanos = nanos;
    }
  }

  get startTime(): HrTime {
    return [this.startSeconds, this.startNanos];
  }

  /** The end time that was set last. */
  get ownEndTime(): HrTime {
    return [this.endSeconds, this.endNanos];
  }

  /** As in the SDK, -1 seconds and nanoseconds without an end. */
  get ownDuration(): HrTime {
    return this.#hasEnd ? timeBetween(this.startTime, this.ownEndTime) : [-1, -1];
  }

  /** Sets the end time. An end before the start is replaced by the start. */
  setEnd(given: TimeInput | undefined): void {
    this.#hasEnd = true;
    if (given === undefined && !this.#startGiven) {
      // As in timeOf(), without building pairs.
      const elapsed = performance.now() - this.#tick;
      const nanos = this.startNanos + Math.round((elapsed % 1000) * 1e6);
      const carries = nanos >= nanosPerSecond;
      this.endNanos = carries ? nanos - nanosPerSecond : nanos;
      this.endSeconds = this.startSeconds + Math.trunc(elapsed / 1000) + (carries ? 1 : 0);
    } else {
      const [seconds, nanos] = this.timeOf(given);
      this.endSeconds = seconds;
      this.endNanos = nanos;
    }
    const { startSeconds, startNanos, endSeconds, endNanos } = this;
    if (endSeconds > startSeconds || (endSeconds === startSeconds && endNanos >= startNanos)) return;
    const { startTime, ownEndTime } = this;
    if (!(timeBetween(startTime, ownEndTime)[0] < 0)) return;
    diag.warn(
      'Inconsistent start and end time, startTime > endTime. Setting span duration to 0ms.',
      startTime,
      ownEndTime,
    );
    this.endSeconds = this.startSeconds;
    this.endNanos = this.startNanos;
  }

  /** A time that a caller gave, or now if it gave none or an invalid one. */
  timeOf(given: unknown): HrTime {
    if (given !== undefined) {
      const wall = this.#wall ?? this.startSeconds * 1000 + this.startNanos / 1e6;
      const time = givenTime(given, wall - (this.#tick + performance.timeOrigin));
      if (time !== undefined) return time;
    }
    // With a given start time, the duration cannot be measured by the clock.
    if (this.#startGiven) return fromMillis(Date.now());
    return addTimes(this.startTime, fromMillis(performance.now() - this.#tick));
  }
}
