// Implements the arithmetic of 56-bit thresholds and randomness values (OTEP 235).
/**
 * OTEP 235's two numbers of 56 bits, randomness R and rejection threshold T, as two halves of 28 bits: small integers need no heap
 * allocation, while a BigInt costs hundreds of nanoseconds. A span is kept iff R >= T.
 *
 * https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 * @internal
 */
export interface Halves {
  /** The upper 7 hex digits. */
  readonly hi: number;
  /** The lower 7 hex digits. */
  readonly lo: number;
}

const halfDigits = 7;
const allDigits = 14;
const half = 2 ** 28;
/** 4 digits after the leading f's, as the specification recommends: weights are exact to 1 in 65,536 or better. */
const precision = 4;

/** T of a span that is kept with certainty. @internal */
export const always: Halves = { hi: 0, lo: 0 };

/** T that no R reaches; it has no written form. @internal */
export const never: Halves = { hi: half, lo: 0 };

const powersOf16: Float64Array = Float64Array.from({ length: allDigits + 1 }, (_, exponent) => 16 ** exponent);

/** 16^exponent, from 0 to 14. */
function power(exponent: number): number {
  return powersOf16[exponent] ?? NaN;
}

/** A hex digit's value by character code; 255 for anything else. */
const digitValues: Uint8Array = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value++) {
  digitValues[value.toString(16).charCodeAt(0)] = value;
  digitValues[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

/** Less than 0 if `a` is below `b`, 0 if equal, else more than 0. @internal */
export function compare(a: Halves, b: Halves): number {
  return a.hi - b.hi || a.lo - b.lo;
}

/** Whether R reaches T: the span is kept. @internal */
export function reaches(randomness: Halves, threshold: Halves): boolean {
  return randomness.hi > threshold.hi || (randomness.hi === threshold.hi && randomness.lo >= threshold.lo);
}

/** The value of 7 hex digits from `start`, or -1 if one is invalid. */
function readHalf(text: string, start: number): number {
  let value = 0;
  for (let index = start; index < start + halfDigits; index++) {
    const digit = digitValues[text.charCodeAt(index)] ?? 255;
    if (digit === 255) return -1;
    value = (value << 4) | digit;
  }
  return value;
}

/** R of a trace id: its last 56 bits. An id that is not hexadecimal counts as 0, the first value to be dropped. @internal */
export function randomnessOf(traceId: string): Halves {
  const hi = readHalf(traceId, traceId.length - allDigits);
  const lo = readHalf(traceId, traceId.length - halfDigits);
  return hi < 0 || lo < 0 ? always : { hi, lo };
}

/**
 * Whether R of the trace id is below T. Reads only as many digits as needed: one in most cases, which keeps an unsampled root
 * cheap.
 * @internal
 */
export function traceIdIsBelow(traceId: string, threshold: Halves): boolean {
  const first = digitValues[traceId.charCodeAt(traceId.length - allDigits)] ?? 255;
  if (first < threshold.hi >>> 24) return true;
  return !reaches(randomnessOf(traceId), threshold);
}

const writtenThreshold = /^[0-9a-f]{1,14}$/;
const writtenRandomness = /^[0-9a-f]{14}$/;

/** Reads the value of `th`: 1 to 14 lower-case hex digits, without trailing zeros. @internal */
export function parseThreshold(text: string): Halves | undefined {
  if (!writtenThreshold.test(text)) return undefined;
  const digits = text.padEnd(allDigits, '0');
  return { hi: readHalf(digits, 0), lo: readHalf(digits, halfDigits) };
}

/** Reads the value of `rv`: 14 lower-case hex digits. @internal */
export function parseRandomness(text: string): Halves | undefined {
  return writtenRandomness.test(text) ? { hi: readHalf(text, 0), lo: readHalf(text, halfDigits) } : undefined;
}

/** All 14 digits, as `rv` is written. @internal */
export function digitsOf(value: Halves): string {
  return value.hi.toString(16).padStart(halfDigits, '0') + value.lo.toString(16).padStart(halfDigits, '0');
}

/** The written form of `th`: without trailing zeros, `0` for keeping everything. @internal */
export function thresholdText(threshold: Halves): string {
  const digits = digitsOf(threshold);
  let end = allDigits;
  while (end > 1 && digits.charCodeAt(end - 1) === 48) end--;
  return digits.slice(0, end);
}

/**
 * T that keeps a share `p` of all traces, rounded to the written form: 4 digits after the leading f's. Below 2^-57 it is {@link
 * never}.
 * @internal
 */
export function thresholdOf(p: number): Halves {
  if (p >= 1) return always;
  if (!(p >= 2 ** -57)) return never;
  let leading = 0;
  let scaled = p;
  while (scaled <= 1 / 16 && leading < allDigits) {
    scaled *= 16;
    leading++;
  }
  const digits = Math.min(precision, allDigits - leading);
  const rest = Math.round((1 - Math.min(1, scaled)) * power(digits));
  // In units of 16^-(leading + digits), counted from the top: both halves are integers that a double represents exactly.
  const fromTop = power(digits) - rest;
  const unit = allDigits - leading - digits;
  return subtractFromOne(fromTop, unit);
}

/** 2^56 - count * 16^unit, for a count of up to 17 bits. */
function subtractFromOne(count: number, unit: number): Halves {
  const whole = count * power(unit);
  const wholeHi = Math.floor(whole / half);
  const wholeLo = whole - wholeHi * half;
  return wholeLo === 0 ? { hi: half - wholeHi, lo: 0 } : { hi: half - wholeHi - 1, lo: half - wholeLo };
}

/** The share of traces that T keeps. @internal */
export function probabilityOf(threshold: Halves): number {
  return ((half - threshold.hi) * half - threshold.lo) / half ** 2;
}

/**
 * 56 new random bits. Never throws: a random source that throws or does not return a number from 0 up to 1 is ignored. @internal
 */
export function drawRandomness(random: () => number): Halves {
  return { hi: roll(random), lo: roll(random) };
}

function roll(random: () => number): number {
  let share = NaN;
  try {
    share = random();
  } catch {
    // Treated like a number out of range.
  }
  return Math.floor((share >= 0 && share < 1 ? share : Math.random()) * half);
}
