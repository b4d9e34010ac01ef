// A reference implementation of OTEP 235, with which the samplers are compared.
/**
 * OpenTelemetry's consistent probability sampling, implemented from the specification with BigInt and without optimization. Shares
 * no code with the samplers.
 *
 * https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
const all = 1n << 56n;

/** The `th` text for a probability given as an exact fraction of 2^200. */
export function referenceThreshold(p: number): string {
  const scaleBits = 1100n;
  const one = 1n << scaleBits;
  const rejected = one - exactly(p, scaleBits);
  // The digits of the fraction: the leading f's, then 4 more, rounded half up.
  const digit = (index: bigint): bigint => (rejected >> (scaleBits - 4n * (index + 1n))) & 15n;
  let leading = 0n;
  while (leading < 14n && digit(leading) === 15n) leading++;
  const kept = leading + 4n > 14n ? 14n : leading + 4n;
  const unit = 1n << (scaleBits - 4n * kept);
  const rounded = ((rejected + unit / 2n) / unit) * unit;
  const t = rounded >> (scaleBits - 56n);
  return t === 0n ? '0' : t.toString(16).padStart(14, '0').replace(/0+$/, '');
}

/** A double as an exact integer multiple of 2^-bits. */
function exactly(p: number, bits: bigint): bigint {
  let value = p;
  let exponent = 0n;
  while (!Number.isInteger(value)) {
    value *= 2;
    exponent++;
  }
  return BigInt(value) << (bits - exponent);
}

export function referenceKeeps(traceId: string, th: string, rv?: string): boolean {
  const r = rv === undefined ? BigInt(`0x${traceId}`) & (all - 1n) : BigInt(`0x${rv}`);
  return r >= BigInt(`0x${th.padEnd(14, '0')}`);
}

/** The number of spans that one span kept at this threshold represents. */
export function referenceWeight(th: string): number {
  const kept = all - BigInt(`0x${th.padEnd(14, '0')}`);
  return 1 / (Number((kept * (1n << 52n)) / all) / 2 ** 52);
}
