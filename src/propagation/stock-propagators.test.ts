import {
  type BaggageEntry,
  baggageEntryMetadataFromString,
  type Context,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mqtracePropagator } from './index.ts';

// Compares mqtrace's propagator with the stock ones: equal where they are correct, and both results where they are not.
const stock = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
type Headers = Record<string, string>;
const getter = { get: (carrier: Headers, key: string): string | undefined => carrier[key], keys: Object.keys };
const setter = {
  set(carrier: Headers, key: string, value: string): void {
    carrier[key] = value;
  },
};
const read = (propagator: TextMapPropagator, headers: Headers): Context =>
  propagator.extract(ROOT_CONTEXT, headers, getter);
const write = (propagator: TextMapPropagator, context: Context): Headers => {
  const headers: Headers = {};
  propagator.inject(context, headers, setter);
  return headers;
};
const withEntries = (entries: [string, BaggageEntry][]): Context =>
  propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(Object.fromEntries(entries)));
const valuesOf = (context: Context): Record<string, string> =>
  Object.fromEntries((propagation.getBaggage(context)?.getAllEntries() ?? []).map(([key, { value }]) => [key, value]));
const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length });

describe('agreement', () => {
  test('traceparent: headers that the stock propagator accepts and rejects, and mutations of them', () => {
    const header = fc
      .tuple(
        fc.constantFrom('00', '01', 'cc', 'ff'),
        hex(32),
        hex(16),
        hex(2),
        fc.constantFrom('', '-', '-x', '.x', ' '),
      )
      .map(([version, traceId, spanId, flags, rest]) => `${version}-${traceId}-${spanId}-${flags}${rest}`);
    const mutated = fc
      .tuple(header, fc.nat(60), fc.constantFrom('', '0', 'F', 'g', '-', ' ', '\u00a0'))
      .map(([text, at, piece]) => text.slice(0, at) + piece + text.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(header, mutated), (traceparent) => {
        const [own, theirs] = [mqtracePropagator, stock].map((each) =>
          trace.getSpanContext(read(each, { traceparent })),
        );
        // The stock propagator trims one character of any white space, mqtrace's any number of those in the specification.
        if (/^[^\S \t]|[^\S \t]$|^\s\s|\s\s$/.test(traceparent)) return;
        expect(own?.traceId).toBe(theirs?.traceId);
        expect(own?.spanId).toBe(theirs?.spanId);
        expect((own?.traceFlags ?? 0) & 1).toBe((theirs?.traceFlags ?? 0) & 1);
      }),
      { numRuns: 2000 },
    );
  });

  test('tracestate: a valid one is propagated equally', () => {
    const member = fc.tuple(fc.stringMatching(/^[a-z][a-z0-9_*/-]{0,20}$/), fc.stringMatching(/^[!-+\--<>-~]{1,20}$/));
    fc.assert(
      fc.property(fc.uniqueArray(member, { selector: ([key]) => key, maxLength: 10 }), (members) => {
        const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
        const tracestate = members.map(([key, value]) => `${key}=${value}`).join(',');
        const [own, theirs] = [mqtracePropagator, stock].map((each) =>
          write(each, read(each, { traceparent, tracestate })),
        );
        expect(own).toEqual(theirs);
      }),
    );
  });

  const key = fc.stringMatching(/^[a-z][a-z0-9._-]{0,20}$/);
  const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
  const metadata = fc.option(fc.stringMatching(/^[a-z]{1,5}(=[a-z0-9]{1,5})?$/), { nil: undefined });
  const entries = fc.uniqueArray(fc.tuple(key, value, metadata), { selector: ([name]) => name, maxLength: 20 });

  test('baggage: each reads headers that the other wrote', () => {
    fc.assert(
      fc.property(entries, (triples) => {
        const given = triples.map(([name, text, properties]): [string, BaggageEntry] => [
          name,
          properties === undefined
            ? { value: text }
            : { value: text, metadata: baggageEntryMetadataFromString(properties) },
        ]);
        const expected = Object.fromEntries(given.map(([name, entry]) => [name, entry.value]));
        expect(valuesOf(read(mqtracePropagator, write(stock, withEntries(given))))).toEqual(expected);
        expect(valuesOf(read(stock, write(mqtracePropagator, withEntries(given))))).toEqual(expected);
        for (const [name, properties] of triples.map(([first, , last]) => [first, last] as const)) {
          const entry = propagation
            .getBaggage(read(stock, write(mqtracePropagator, withEntries(given))))
            ?.getEntry(name);
          expect(entry?.metadata?.toString()).toBe(properties);
        }
      }),
    );
  });
});

describe('where the stock propagators are wrong', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const flagged = (traceFlags: number): Context =>
    trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags,
    });

  test('flags from 0x10 on are written as three digits, which is invalid', () => {
    expect(write(stock, flagged(0xff))['traceparent']).toMatch(/-0ff$/);
    expect(write(mqtracePropagator, flagged(0xff))['traceparent']).toMatch(/-03$/);
  });

  test('several characters of white space around a traceparent', () => {
    expect(read(stock, { traceparent: `\t ${traceparent}` })).toBe(ROOT_CONTEXT);
    expect(trace.getSpanContext(read(mqtracePropagator, { traceparent: `\t ${traceparent}` }))).toBeDefined();
  });

  test('a tracestate with an invalid member is propagated partially', () => {
    const headers = { traceparent, tracestate: 'a=1,B=2' };
    expect(write(stock, read(stock, headers))['tracestate']).toBe('a=1');
    expect(write(mqtracePropagator, read(mqtracePropagator, headers))['tracestate']).toBeUndefined();
  });

  test('the last member of a repeated key is kept, and keys of Level 2 are dropped', () => {
    const passedOn = (propagator: TextMapPropagator, tracestate: string): unknown =>
      write(propagator, read(propagator, { traceparent, tracestate }))['tracestate'];
    expect(passedOn(stock, 'a=1,a=2')).toBe('a=2');
    expect(passedOn(mqtracePropagator, 'a=1,a=2')).toBe('a=1');
    expect(passedOn(stock, 'foo@bar@baz=1,b=2')).toBe('b=2');
    expect(passedOn(mqtracePropagator, 'foo@bar@baz=1,b=2')).toBe('foo@bar@baz=1,b=2');
  });

  test('headers of bytes are not read at all', () => {
    const bytes = { traceparent: Buffer.from(traceparent), baggage: Buffer.from('k=v') } as unknown as Headers;
    expect(trace.getSpanContext(read(new W3CTraceContextPropagator(), bytes))).toBeUndefined();
    expect(trace.getSpanContext(read(mqtracePropagator, bytes))).toBeDefined();
    expect(valuesOf(read(mqtracePropagator, bytes))).toEqual({ k: 'v' });
  });

  test('empty values are dropped', () => {
    expect(valuesOf(read(stock, { baggage: 'k=,l=1' }))).toEqual({ l: '1' });
    expect(valuesOf(read(mqtracePropagator, { baggage: 'k=,l=1' }))).toEqual({ k: '', l: '1' });
  });

  test('a value that is not percent-encoded UTF-8 is dropped with its key', () => {
    expect(valuesOf(read(stock, { baggage: 'k=%FF,l=100%' }))).toEqual({});
    expect(valuesOf(read(mqtracePropagator, { baggage: 'k=%FF,l=100%' }))).toEqual({ k: '\ufffd', l: '100%' });
  });

  test('keys are decoded, so that a sender can set keys that are not tokens', () => {
    expect(valuesOf(read(stock, { baggage: 'a%2Cb=1' }))).toEqual({ 'a,b': '1' });
    expect(valuesOf(read(mqtracePropagator, { baggage: 'a%2Cb=1' }))).toEqual({ 'a%2Cb': '1' });
  });

  test('a lone surrogate throws inside, and no baggage at all is written', () => {
    const context = withEntries([
      ['k', { value: '\ud800' }],
      ['l', { value: '1' }],
    ]);
    expect(() => write(new W3CBaggagePropagator(), context)).toThrow(URIError);
    expect(write(stock, context)).toEqual({});
    expect(write(mqtracePropagator, context)).toEqual({ baggage: 'k=%EF%BF%BD,l=1' });
  });

  test('metadata with a comma forges a second entry', () => {
    const context = withEntries([['k', { value: 'v', metadata: baggageEntryMetadataFromString('p,admin=1') }]]);
    expect(valuesOf(read(stock, write(stock, context)))).toEqual({ k: 'v', admin: '1' });
    expect(write(mqtracePropagator, context)).toEqual({ baggage: 'k=v' });
  });

  test('one member of more than 4096 bytes, which W3C requires to propagate, is dropped', () => {
    const context = withEntries([['k', { value: 'v'.repeat(5000) }]]);
    expect(write(stock, context)['baggage'] ?? '').toBe('');
    expect(write(mqtracePropagator, context)['baggage']).toHaveLength(5002);
  });
});
