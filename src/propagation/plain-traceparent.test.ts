import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flagsOfPlainTraceparent, isPlainTraceparentOf, parsePlainTraceparent } from './plain-traceparent.ts';
import { parseTraceparent } from './traceparent.ts';
import { W3CTraceState } from './trace-state.ts';

const plain = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const other = '00-0af7651916cd43dd8448eb211c80319c-00ad6b7169203331-01';

test('what is parsed quickly has the ids and flags of the full parser, for one changed character', () => {
  const changed = fc.tuple(
    fc.nat(plain.length - 1),
    fc.oneof(fc.string({ minLength: 1, maxLength: 1 }), fc.constantFrom('0', 'f', 'g', 'A', '-', '4', '\u0130')),
  );
  fc.assert(
    fc.property(changed, fc.boolean(), ([at, character], asBytes) => {
      const text = plain.slice(0, at) + character + plain.slice(at + 1);
      const quick = parsePlainTraceparent(asBytes ? Buffer.from(text) : text);
      expect(flagsOfPlainTraceparent(text)).toBe(parsePlainTraceparent(text)?.traceFlags);
      const full = parseTraceparent(text);
      if (quick !== undefined) expect({ ...full, isRemote: true }).toEqual(quick);
      else expect(full?.traceFlags === 1 && text === plain).toBe(false);
    }),
  );
});

test('a span context belongs to the header from which it was parsed, and to an equal one', () => {
  const parsed = parsePlainTraceparent(plain)!;
  expect(isPlainTraceparentOf(plain, parsed)).toBe(true);
  expect(isPlainTraceparentOf(plain, { ...parsed })).toBe(true);
  parsePlainTraceparent(other);
  expect(isPlainTraceparentOf(plain, parsed)).toBe(true);
});

test.each([
  ['another header', other, {}],
  ['a longer header', `${plain}-`, {}],
  ['other flags', plain, { traceFlags: 0 }],
  ['tracestate', plain, { traceState: new W3CTraceState('a=1') }],
])('a span context does not belong to a header: %s', (_what, header, change) => {
  const parsed = parsePlainTraceparent(plain)!;
  expect(isPlainTraceparentOf(header, Object.assign(parsed, change))).toBe(false);
});
