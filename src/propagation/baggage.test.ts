import { type Baggage, baggageEntryMetadataFromString, propagation } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { droppedHeaders } from '../../carriers/index.ts';
import { baggageByteLimit, formatBaggage, parseBaggage } from './baggage-codec.ts';
import { baggageHeader, W3CBaggage } from './w3c-baggage.ts';

const values = (header: string): Record<string, string> =>
  Object.fromEntries([...parseBaggage(header)].map(([key, entry]) => [key, entry.value]));

test.each([
  ['k=v', { k: 'v' }],
  [' k = v , l=w ', { k: 'v', l: 'w' }],
  ['k=a%20b%2Bc', { k: 'a b+c' }],
  ['k=a+b', { k: 'a+b' }],
  ['k=a=b/c', { k: 'a=b/c' }],
  ['k=', { k: '' }],
  ['k=a,k=b', { k: 'b' }],
  ['k=%E2%82%AC', { k: '€' }],
  ['k=%FFx%E2%82%AC', { k: '\ufffdx€' }],
  ['k=100%', { k: '100%' }],
  ['user%20id=1', { 'user%20id': '1' }],
  ['no-value,=x,a b=c,"q"=1,k=v', { k: 'v' }],
  ['__proto__=x', Object.fromEntries([['__proto__', 'x']])],
  ['', {}],
  [',,;=,', {}],
])('reads %j', (header, expected) => {
  expect(values(header)).toEqual(expected);
});

test('percent-encoded values are read as UTF-8 bytes, with any text in between', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 3 }).map((text) => text.replaceAll(/[,;]/g, '')),
    fc.string({ unit: 'grapheme', maxLength: 3 }).map((text) => encodeURIComponent(text)),
    fc.constantFrom('%', '%F', '%FF', '%e2%82', '%G0', '%0g', '%%41', '%C3%A9', '%c3%a9%', '%ED%A0%80', '%00'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const value = pieces.join('').trim();
      const expected = value.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
        Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
      );
      expect(parseBaggage(`k=x${value}x`).get('k')?.value).toBe(`x${expected}x`);
    }),
    { numRuns: 500 },
  );
  expect(parseBaggage(`k=${'%41'.repeat(9000)}`).get('k')?.value).toBe('A'.repeat(9000));
});

test('metadata is read completely and written back', () => {
  const entries = parseBaggage('k=v; ttl=30;secret ,l=w');
  expect(entries.get('k')?.metadata?.toString()).toBe('ttl=30;secret');
  expect(entries.get('l')?.metadata).toBeUndefined();
  expect(formatBaggage(entries)).toBe('k=v;ttl=30;secret,l=w');
});

test('a space is written as %20 and a plus as %2B, which every language reads', () => {
  expect(formatBaggage([['k', { value: 'a b+c,d;e=f"g\\h%' }]])).toBe('k=a%20b%2Bc%2Cd%3Be%3Df%22g%5Ch%25');
});

test.each([
  [
    'a key that is not a token',
    [
      ['a b', { value: 'x' }],
      ['k', { value: 'v' }],
    ],
    'k=v',
  ],
  ['a key that holds a member', [['x=1,evil', { value: 'x' }]], ''],
  [
    'metadata that holds a member',
    [['k', { value: 'v', metadata: baggageEntryMetadataFromString('a=1,evil=1') }]],
    'k=v',
  ],
  [
    'metadata with a line break',
    [['k', { value: 'v', metadata: baggageEntryMetadataFromString('a\r\nSet-Cookie: x') }]],
    'k=v',
  ],
  ['a lone surrogate', [['k', { value: '\ud800x' }]], 'k=%EF%BF%BDx'],
] as [string, Parameters<typeof formatBaggage>[0], string][])('never forges: %s', (_, entries, header) => {
  expect(formatBaggage(entries)).toBe(header);
});

test('beyond 64 members or 8192 bytes, whole members are omitted', () => {
  const many = Array.from({ length: 100 }, (_, i): [string, { value: string }] => [`k${i}`, { value: 'v' }]);
  expect(formatBaggage(many).split(',')).toHaveLength(64);
  const large = Array.from({ length: 10 }, (_, i): [string, { value: string }] => [
    `k${i}`,
    { value: 'v'.repeat(1000) },
  ]);
  expect(formatBaggage(large).split(',')).toHaveLength(8);
  expect(
    W3CBaggage.fromHeader(Array.from({ length: 100 }, (_, i) => `k${i}=v`).join(','))
      .toHeader()
      .split(','),
  ).toHaveLength(64);
});

test('baggage of the API is written once, and each dropped entry is counted once', () => {
  const made = propagation.createBaggage({
    'a b': { value: 'x' },
    huge: { value: 'v'.repeat(5_000_000) },
    k: { value: 'v' },
  });
  const before = droppedHeaders();
  for (let i = 0; i < 3; i++) expect(baggageHeader(made)).toBe('k=v');
  expect(droppedHeaders()['baggage-key-invalid'] - before['baggage-key-invalid']).toBe(1);
  expect(droppedHeaders()['baggage-over-limit'] - before['baggage-over-limit']).toBe(1);
  const changing = { getAllEntries: () => [['k', { value: String(calls++) }]] } as unknown as Baggage;
  let calls = 0;
  expect([baggageHeader(changing), baggageHeader(changing)]).toEqual(['k=0', 'k=1']);
});

test('unchanged baggage is propagated byte for byte, read or not', () => {
  const header = 'b = 1;p=q , a=%41+%2b,junk,a=2';
  const baggage = W3CBaggage.fromHeader(header);
  expect(baggage.toHeader()).toBe(header);
  expect(baggage.getEntry('a')?.value).toBe('2');
  expect(baggage.toHeader()).toBe(header);
  expect(baggage.setEntry('c', { value: '3' }).toHeader()).toBe('b=1;p=q,a=2,c=3');
  expect(baggage.removeEntry('b').toHeader()).toBe('a=2');
  expect(baggage.clear().toHeader()).toBe('');
  expect(baggage.toHeader()).toBe(header);
});

test('a header that no transport would carry is parsed and encoded again', () => {
  expect(W3CBaggage.fromHeader('k=€,evil=a\r\nX: y').toHeader()).toBe('k=%E2%82%AC,evil=a%0D%0AX%3A%20y');
});

test('a returned entry cannot change the baggage', () => {
  const baggage = W3CBaggage.fromHeader('k=v');
  baggage.getEntry('k')!.value = 'x';
  baggage.getAllEntries()[0]![1].value = 'x';
  expect(baggage.getEntry('k')?.value).toBe('v');
});

test('any value survives the round trip; the header is always valid, bounded and has no other members', () => {
  const key = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/);
  fc.assert(
    fc.property(fc.dictionary(key, fc.string({ unit: 'grapheme', maxLength: 60 }), { maxKeys: 20 }), (record) => {
      const entries = Object.entries(record).map(([k, value]): [string, { value: string }] => [k, { value }]);
      const header = formatBaggage(entries);
      expect(values(header)).toEqual(Object.fromEntries(entries.map(([k, entry]) => [k, entry.value])));
      expect(baggageHeader(propagation.createBaggage(Object.fromEntries(entries)))).toBe(header);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string({ unit: 'binary' }), fc.string())), (triples) => {
      const header = formatBaggage(
        triples.map(([k, value, metadata]) => [k, { value, metadata: baggageEntryMetadataFromString(metadata) }]),
      );
      expect(header.length).toBeLessThanOrEqual(baggageByteLimit);
      expect(header).toMatch(/^[\t\x20-\x7e]*$/);
      const set = new Set(triples.map(([k]) => k));
      expect([...parseBaggage(header).keys()].every((k) => set.has(k))).toBe(true);
    }),
  );
});

test('reading never throws, and propagated headers are bounded and printable', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (header) => {
      const baggage = W3CBaggage.fromHeader(header);
      expect(baggage.getAllEntries().length).toBeLessThanOrEqual(64);
      expect(baggage.toHeader()).toMatch(/^[\t\x20-\x7e]*$/);
      expect(baggage.setEntry('k', { value: 'v' }).toHeader()).toMatch(/^[\t\x20-\x7e]*$/);
    }),
  );
});
