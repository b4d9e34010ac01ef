import {
  type Baggage,
  type BaggageEntry,
  baggageEntryMetadataFromString,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
} from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stockBaggageHeader } from './stock-baggage.ts';
import { W3CBaggage } from './w3c-baggage.ts';

function stock(baggage: Baggage): string | undefined {
  const headers: Record<string, string> = {};
  new W3CBaggagePropagator().inject(propagation.setBaggage(ROOT_CONTEXT, baggage), headers, defaultTextMapSetter);
  return headers['baggage'] ?? '';
}

function outcome(write: () => string | undefined): unknown {
  try {
    return write();
  } catch (error) {
    return String(error);
  }
}

const text = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[\w\-.!~*'()]{0,12}$/) },
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('', ' ', '%', 'a b', 'é', '\ud800', 'x'.repeat(4090), 'y'.repeat(2000), '\u{1f600}'.repeat(400)),
);
const entry: fc.Arbitrary<BaggageEntry> = fc.record(
  { value: text, metadata: text.map((each) => baggageEntryMetadataFromString(each)) },
  { requiredKeys: ['value'] },
);
const entries = fc.array(fc.tuple(text, entry), { maxLength: 12 });
const many = fc
  .tuple(fc.integer({ min: 170, max: 200 }), text, entry)
  .map(([count, prefix, each]) => Array.from({ length: count }, (_, at) => [`${prefix}${at}`, each] as const));

test('writes the same header as the stock propagator, for any entries', () => {
  fc.assert(
    fc.property(fc.oneof({ weight: 5, arbitrary: entries }, many), (given) => {
      const record = Object.fromEntries(given);
      const ofApi = propagation.createBaggage(record);
      expect(outcome(() => stockBaggageHeader(ofApi))).toBe(outcome(() => stock(ofApi)));
      const ours = W3CBaggage.fromEntries(Object.entries(record));
      expect(outcome(() => stockBaggageHeader(ours))).toBe(outcome(() => stock(ours)));
    }),
    { numRuns: 500 },
  );
});

test('applies the limits of the stock propagator: 4096 characters a pair, 180 pairs, 8192 characters', () => {
  const baggageOf = (record: Record<string, string>): Baggage =>
    propagation.createBaggage(Object.fromEntries(Object.entries(record).map(([key, value]) => [key, { value }])));
  const numbered = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']));
  for (const given of [
    { a: 'v'.repeat(4094), b: 'v'.repeat(4095), c: 'v' },
    { a: 'v'.repeat(4094), b: 'v'.repeat(4093), c: 'v'.repeat(4), d: 'v' },
    { ...numbered(100), long: 'v'.repeat(4095), ...numbered(181) },
    numbered(180),
    numbered(181),
  ]) {
    expect(stockBaggageHeader(baggageOf(given))).toBe(stock(baggageOf(given)));
  }
  expect(stockBaggageHeader(baggageOf(numbered(181)))!.split(',')).toHaveLength(180);
});

test('leaves values that are not text to the stock propagator', () => {
  for (const value of [undefined, null, 7, { toString: () => 'x' }] as never[]) {
    expect(stockBaggageHeader(propagation.createBaggage({ a: { value } }))).toBeUndefined();
  }
  const metadata = { toString: () => ({}) } as never;
  expect(stockBaggageHeader(propagation.createBaggage({ a: { value: 'x', metadata } }))).toBeUndefined();
});
