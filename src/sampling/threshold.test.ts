import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { referenceKeeps, referenceThreshold, referenceWeight } from './testing/otep-235.ts';
import { randomTraceId, seeded } from './testing/random.ts';
import {
  digitsOf,
  parseRandomness,
  parseThreshold,
  probabilityOf,
  randomnessOf,
  reaches,
  thresholdOf,
  thresholdText,
  traceIdIsBelow,
  never,
} from './threshold.ts';

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...Array.from({ length: 16 }, (_, value) => value.toString(16))), {
      minLength: length,
      maxLength: length,
    })
    .map((digits) => digits.join(''));

describe('thresholds', () => {
  test.each([
    [1, '0'],
    [0.5, '8'],
    [0.25, 'c'],
    [0.1, 'e666'],
    [0.01, 'fd70a'],
    [0.001, 'ffbe77'],
    [1 / 3, 'aaab'],
    [2 ** -56, 'ffffffffffffff'],
  ])('keep %d as th:%s', (p, text) => {
    expect(thresholdText(thresholdOf(p))).toBe(text);
  });

  test('are written like the reference implementation, for any probability', () => {
    const probability = fc.oneof(
      fc.double({ min: 2 ** -52, max: 1, noNaN: true }),
      fc
        .integer({ min: 0, max: 52 })
        .chain((shift) => fc.double({ min: 0.5, max: 1, noNaN: true }).map((p) => p * 2 ** -shift)),
    );
    fc.assert(
      fc.property(probability, (p) => {
        expect(thresholdText(thresholdOf(p))).toBe(referenceThreshold(p));
      }),
      { numRuns: 5000, seed: 235 },
    );
  });

  test('have no written form for keeping nothing', () => {
    expect(thresholdOf(0)).toBe(never);
    expect(thresholdOf(2 ** -60)).toBe(never);
    expect(reaches({ hi: 2 ** 28 - 1, lo: 2 ** 28 - 1 }, never)).toBe(false);
  });

  test('keep the same traces as the reference implementation, for any trace id and threshold', () => {
    fc.assert(
      fc.property(hex(32), hex(14), (traceId, digits) => {
        const th = digits.replace(/0+$/, '') || '0';
        const threshold = parseThreshold(th);
        if (!threshold) throw new Error('unreadable');
        const expected = referenceKeeps(traceId, th);
        expect(reaches(randomnessOf(traceId), threshold)).toBe(expected);
        expect(traceIdIsBelow(traceId, threshold)).toBe(!expected);
        expect(thresholdText(threshold)).toBe(th);
      }),
      { numRuns: 5000, seed: 236 },
    );
  });

  test.each(['00000000000001', '00000010000000', '0000000fffffff', 'fffffffffffffe', '80000000000000'])(
    'keep R = T and R = T + 1, not R = T - 1, at T = %s',
    (th) => {
      const threshold = parseThreshold(th);
      if (!threshold) throw new Error('unreadable');
      for (const difference of [-1n, 0n, 1n]) {
        const r = (BigInt(`0x${th}`) + difference).toString(16).padStart(14, '0');
        const traceId = `4bf92f3577b34da6a3${r}`;
        expect(reaches(randomnessOf(traceId), threshold)).toBe(difference >= 0n);
        expect(traceIdIsBelow(traceId, threshold)).toBe(difference < 0n);
        expect(referenceKeeps(traceId, th)).toBe(difference >= 0n);
      }
    },
  );

  test('are unchanged by writing and reading', () => {
    fc.assert(
      fc.property(hex(14), (digits) => {
        const value = parseRandomness(digits);
        expect(value && digitsOf(value)).toBe(digits);
      }),
    );
  });

  test.each(['', 'g', 'E6', '123456789012345', '0x1', ' 8', '-1', '8 '])('reject %j', (text) => {
    expect(parseThreshold(text)).toBeUndefined();
  });

  test.each(['', '1', '1234567890123', '123456789012345', 'ABCDEF01234567', '0x345678901234'])(
    'reject the randomness %j',
    (text) => {
      expect(parseRandomness(text)).toBeUndefined();
    },
  );

  test('represent the probability', () => {
    for (const p of [1, 0.5, 0.1, 0.013, 1e-6, 1e-12]) {
      const threshold = thresholdOf(p);
      expect(1 / probabilityOf(threshold)).toBeCloseTo(referenceWeight(thresholdText(threshold)), 0);
      // 4 digits after the leading f's: within 2^-13 of the requested probability even in the worst case.
      expect(Math.abs(probabilityOf(threshold) / p - 1)).toBeLessThan(2 ** -12);
    }
  });

  test('treat a trace id that is not hexadecimal as R = 0', () => {
    for (const traceId of ['', 'short', 'z'.repeat(32), '\u{1f600}'.repeat(16)]) {
      expect(randomnessOf(traceId)).toEqual({ hi: 0, lo: 0 });
      expect(traceIdIsBelow(traceId, thresholdOf(0.5))).toBe(true);
    }
  });

  test('read upper-case trace ids as lower-case ones', () => {
    const traceId = randomTraceId(seeded(1));
    expect(randomnessOf(traceId.toUpperCase())).toEqual(randomnessOf(traceId));
  });
});
