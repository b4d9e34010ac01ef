import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDigits } from './digits.ts';

const parse = (text: string, end = text.length): number | undefined => {
  const into = new Float64Array(1);
  return parseDigits(text, end, into) ? into[0] : undefined;
};

test('parses digits as Number does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999_999_999 }), fc.string(), (value, more) => {
      const text = String(value);
      expect(parse(text)).toBe(value);
      expect(parse(text + more, text.length)).toBe(value);
    }),
  );
});

test.each(['', '-1', '1.5', '1e3', ' 1', '1 ', '0x1', '１', '1'.repeat(16)])('%j is no number', (text) => {
  expect(parse(text)).toBeUndefined();
});

test('a text that is too short is no number', () => {
  expect(parse('123', 4)).toBeUndefined();
  expect(parse('123', 0)).toBeUndefined();
  expect(parse('000123')).toBe(123);
});
