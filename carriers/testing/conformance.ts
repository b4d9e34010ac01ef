// The conformance suite that every carrier passes.
import { W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { B3Propagator, B3InjectEncoding } from '@opentelemetry/propagator-b3';
import { propagation, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import type { CarrierAdapter } from '../adapter.ts';
import { headerByteLimits } from '../limits.ts';

/** The facts about a format that the suite needs besides its adapter. */
export interface CarrierUnderTest<H> {
  adapter: CarrierAdapter<H>;
  /** Builds headers as the client passes them, from names and values in order, with repetitions in the way of the format. */
  make: (pairs: [name: string, value: string | Buffer][]) => H;
  /** The values that the format cannot represent. */
  lacks?: { buffers?: true; twoSpellings?: true; emptyNames?: true };
  /** How two different traceparents are read: queues use the last one, HTTP returns a malformed value. */
  repeatedTraceparent: 'last' | 'malformed';
  /** Values that clients or users may pass instead of headers. */
  oddShapes: unknown[];
}

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${spanId}-01`;
const other = `00-${traceId}-00f067aa0ba902b7-01`;

/** Runs the suite for one carrier. */
export function carrierConformance<H>(under: CarrierUnderTest<H>): void {
  const { adapter, make, lacks = {} } = under;
  const frozen = (pairs: [string, string | Buffer][]): H => Object.freeze(make(pairs));

  describe(`${adapter.name}: conformance`, () => {
    test('a header that was set is read and listed', () => {
      const carrier = adapter.copy(undefined);
      adapter.set(carrier, 'traceparent', traceparent);
      adapter.set(carrier, 'baggage', 'tenant=a');
      expect(adapter.get(carrier, 'traceparent')).toBe(traceparent);
      expect(adapter.get(carrier, 'baggage')).toBe('tenant=a');
      expect(new Set(adapter.keys(carrier))).toEqual(new Set(['traceparent', 'baggage']));
    });

    test('a missing header is undefined and has no values', () => {
      expect(adapter.get(make([['x', '1']]), 'traceparent')).toBeUndefined();
      expect(adapter.getAll(make([['x', '1']]), 'traceparent')).toEqual([]);
    });

    test.each(['Traceparent', 'TRACEPARENT', 'traceParent'])(
      'reads %s, and any spelling of the requested name',
      (name) => {
        expect(adapter.get(make([[name, traceparent]]), 'traceparent')).toBe(traceparent);
        expect(adapter.get(make([['traceparent', traceparent]]), name)).toBe(traceparent);
      },
    );

    test('equal repetitions count once', () => {
      const carrier = make([
        ['traceparent', traceparent],
        ['traceparent', traceparent],
      ]);
      expect(adapter.get(carrier, 'traceparent')).toBe(traceparent);
    });

    test(`with different traceparents, the value is: ${under.repeatedTraceparent}`, () => {
      const value = adapter.get(
        make([
          ['traceparent', traceparent],
          ['traceparent', other],
        ]),
        'traceparent',
      );
      if (under.repeatedTraceparent === 'last') expect(value).toBe(other);
      else
        expect(
          new W3CTraceContextPropagator().extract(ROOT_CONTEXT, { value }, { get: () => value, keys: () => [] }),
        ).toBe(ROOT_CONTEXT);
    });

    test('repeated lists are joined in order', () => {
      const carrier = make([
        ['tracestate', 'a=1'],
        ['tracestate', 'b=2'],
        ['baggage', 'k=v'],
        ['baggage', 'l=w'],
      ]);
      expect(adapter.get(carrier, 'tracestate')?.replaceAll(' ', '')).toBe('a=1,b=2');
      expect(adapter.get(carrier, 'baggage')?.replaceAll(' ', '')).toBe('k=v,l=w');
    });

    test('repetitions in two spellings are one header', () => {
      if (lacks.twoSpellings) return expect(adapter.keys(make([['A', '1']]))).toEqual(['a']);
      const carrier = make([
        ['Baggage', 'k=v'],
        ['baggage', 'l=w'],
      ]);
      expect(adapter.get(carrier, 'baggage')).toBe('k=v,l=w');
    });

    test('a Buffer is read as UTF-8', () => {
      if (lacks.buffers)
        return expect(adapter.get(make([['traceparent', traceparent]]), 'traceparent')).toBe(traceparent);
      expect(adapter.get(make([['traceparent', Buffer.from(traceparent)]]), 'traceparent')).toBe(traceparent);
      expect(adapter.get(make([['baggage', Buffer.from('k=€')]]), 'baggage')).toBe('k=€');
    });

    test('binary junk is text that no propagator accepts, not an error', () => {
      const junk = lacks.buffers ? 'ÿþý' : Buffer.from([0xff, 0x00, 0xfe, 0x80]);
      const carrier = make([
        ['traceparent', junk],
        ['baggage', junk],
      ]);
      const stock = new W3CTraceContextPropagator();
      expect(trace.getSpanContext(stock.extract(ROOT_CONTEXT, carrier, adapter))).toBeUndefined();
    });

    test.each([
      ['traceparent', headerByteLimits.traceparent],
      ['b3', headerByteLimits.other],
    ])('%s over %i bytes is not read', (name, limit) => {
      expect(adapter.get(make([[name, 'x'.repeat(limit)]]), name)).toHaveLength(limit);
      expect(adapter.get(make([[name, 'x'.repeat(limit + 1)]]), name)).toBeUndefined();
    });

    test.each([
      ['tracestate', headerByteLimits.tracestate],
      ['baggage', headerByteLimits.baggage],
    ])('%s over %i bytes is cut to whole members', (name, limit) => {
      const member = `k=${'v'.repeat(97)}`;
      const all = Array.from({ length: 200 }, () => member);
      const read = adapter.get(make([[name, all.join(',')]]), name) ?? '';
      expect(Buffer.byteLength(read)).toBeLessThanOrEqual(limit);
      expect(Buffer.byteLength(read)).toBeGreaterThan(limit - member.length - 2);
      expect(new Set(read.split(','))).toEqual(new Set([member]));
      expect(adapter.get(make([[name, `k=${'v'.repeat(limit)}`]]), name)).toBeUndefined();
    });

    test('limits count bytes, not characters', () => {
      if (lacks.buffers) return expect(adapter.get(make([['baggage', 'k=ÿ']]), 'baggage')).toBe('k=ÿ');
      const member = `k=${'€'.repeat(1000)}`;
      const read = adapter.get(make([['baggage', `${member},${member},${member}`]]), 'baggage');
      expect(read).toBe(`${member},${member}`);
    });

    test('removes every spelling of a name and nothing else', () => {
      const carrier = adapter.copy(
        make([
          ['x-mine', '1'],
          ['Traceparent', traceparent],
          ['baggage', 'k=v'],
        ]),
      );
      adapter.remove(carrier, ['traceparent', 'tracestate', 'baggage']);
      expect(adapter.keys(carrier)).toEqual(['x-mine']);
    });

    test('a copy is another object, and writing to it does not change the original', () => {
      const original = frozen([
        ['x-mine', '1'],
        ['traceparent', traceparent],
      ]);
      const copy = adapter.copy(original);
      adapter.remove(copy, ['traceparent']);
      adapter.set(copy, 'traceparent', other);
      expect(adapter.get(original, 'traceparent')).toBe(traceparent);
      expect(adapter.get(copy, 'traceparent')).toBe(other);
      expect(adapter.get(copy, 'x-mine')).toBe('1');
    });

    test('names and values that the format may not allow do not throw', () => {
      const carrier = adapter.copy(undefined);
      for (const odd of ['a b', 'ü', '', 'a:b', 'a\r\nb', '\ud800', '\0']) {
        adapter.set(carrier, odd, 'x');
        adapter.set(carrier, 'x', odd);
        expect([undefined, 'x', odd]).toContain(adapter.get(carrier, odd));
        expect(adapter.getAll(carrier, odd).length).toBeLessThanOrEqual(2);
        adapter.remove(carrier, [odd, 'x']);
      }
    });

    test('a header named like an object property is an ordinary header', () => {
      const carrier = adapter.copy(make([['x', '1']]));
      expect(adapter.get(carrier, 'constructor')).toBeUndefined();
      expect(adapter.get(carrier, 'hasOwnProperty')).toBeUndefined();
      adapter.set(carrier, '__proto__', 'polluted');
      expect(adapter.get(carrier, '__proto__')).toBe('polluted');
      expect(adapter.get(adapter.copy(carrier), '__proto__')).toBe('polluted');
      expect(Object.getPrototypeOf(carrier)).toBe(Object.getPrototypeOf(adapter.copy(make([]))));
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    });

    test.each(under.oddShapes)('reading from %o finds nothing and does not throw', (shape) => {
      const carrier = shape as H;
      expect(adapter.get(carrier, 'traceparent')).toBeUndefined();
      expect(adapter.getAll(carrier, 'traceparent')).toEqual([]);
      expect(adapter.keys(carrier)).toEqual(expect.any(Array));
      expect(adapter.keys(adapter.copy(carrier))).toEqual(expect.any(Array));
    });

    test('other propagators work as well: B3, and the stock W3C ones', () => {
      const spanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
      const withSpan = trace.setSpanContext(ROOT_CONTEXT, spanContext);
      const context = propagation.setBaggage(withSpan, propagation.createBaggage({ k: { value: 'v w' } }));
      for (const propagator of [
        new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER }),
        new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
        new W3CTraceContextPropagator(),
      ]) {
        const carrier = adapter.copy(undefined);
        propagator.inject(context, carrier, adapter);
        expect(trace.getSpanContext(propagator.extract(ROOT_CONTEXT, carrier, adapter))).toMatchObject({
          traceId,
          spanId,
        });
      }
      const carrier = adapter.copy(undefined);
      new W3CBaggagePropagator().inject(context, carrier, adapter);
      const read = propagation.getBaggage(new W3CBaggagePropagator().extract(ROOT_CONTEXT, carrier, adapter));
      expect(read?.getEntry('k')?.value).toBe('v w');
    });
  });
}
