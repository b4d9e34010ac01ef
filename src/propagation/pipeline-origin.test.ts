import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addOrigin,
  formatOrigin,
  nextHop,
  originOf,
  parseOrigin,
  type PipelineOrigin,
  withOriginInTraceState,
} from './pipeline-origin.ts';
import { W3CTraceState } from './trace-state.ts';

const origin: PipelineOrigin = { startMs: 1_760_000_000_000, hops: 2, name: 'orders' };
const spanContext = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 3 };

test('the value has a version, the time in base 36, the hops and the name', () => {
  expect(formatOrigin(origin)).toBe('1;mgj6k3cw;2;orders');
  expect(formatOrigin({ startMs: 1_760_000_000_000, hops: 999, name: undefined })).toBe('1;mgj6k3cw;999');
});

test('a written value is read back, and has at most 64 characters', () => {
  fc.assert(
    fc.property(
      fc.record({
        startMs: fc.integer({ min: 0, max: 36 ** 9 - 1 }),
        hops: fc.integer({ min: 0, max: 999 }),
        name: fc.option(fc.stringMatching(/^[\w.-]{1,48}$/), { nil: undefined }),
      }),
      (given) => {
        const text = formatOrigin(given);
        expect(text.length).toBeLessThanOrEqual(64);
        expect(parseOrigin(text)).toEqual({ ...given, startText: given.startMs.toString(36) });
        expect(new W3CTraceState(`mqtrace=${text}`).get('mqtrace')).toBe(text);
      },
    ),
  );
});

test.each([
  '',
  '1',
  '2;mgj6k3cw;2',
  '1;mgj6k3cw',
  '1;mgj6k3cw;1000',
  '1;MGJ;1',
  '1;a;1;',
  '1;a;1;a b',
  '1;a;1;a;b',
  '1;;1',
])('%j is ignored', (value) => expect(parseOrigin(value)).toBeUndefined());

test('any text is parsed as an origin or ignored', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const parsed = parseOrigin(value);
      expect(parsed === undefined || Number.isInteger(parsed.startMs)).toBe(true);
    }),
  );
});

test('hops stop at 999', () => {
  expect(nextHop({ ...origin, hops: 998 }).hops).toBe(999);
  expect(nextHop({ ...origin, hops: 999 }).hops).toBe(999);
});

test('the member is the first one, replaces an older one, and does not change others', () => {
  const traceState = new W3CTraceState('ot=th:8,mqtrace=1;a;1,vendor=x');
  const context = trace.setSpanContext(ROOT_CONTEXT, { ...spanContext, traceState });
  const sent = trace.getSpanContext(withOriginInTraceState(context, origin))!;
  expect(sent.traceState?.serialize()).toBe('mqtrace=1;mgj6k3cw;2;orders,ot=th:8,vendor=x');
  expect(sent).toMatchObject(spanContext);
  expect(originOf(withOriginInTraceState(context, origin))).toMatchObject(origin);
  expect(trace.getSpanContext(context)?.traceState).toBe(traceState);
});

test('there is no member if it would make the trace state longer than 512 characters or 32 members', () => {
  const long = (length: number): W3CTraceState =>
    new W3CTraceState(['a', 'b', 'c', 'd'].map((key) => `${key}=${'x'.repeat(length / 4 - 3)}`).join(','));
  expect(addOrigin(long(480), origin)?.serialize().length).toBeLessThanOrEqual(512);
  expect(addOrigin(long(500), origin)).toBeUndefined();
  const many = (count: number): W3CTraceState =>
    new W3CTraceState(Array.from({ length: count }, (_, at) => `k${at}=1`).join(','));
  expect(addOrigin(many(31), origin)?.serialize().split(',')).toHaveLength(32);
  expect(addOrigin(many(32), origin)).toBeUndefined();
});

test('a context without a valid span is returned unchanged', () => {
  expect(withOriginInTraceState(ROOT_CONTEXT, origin)).toBe(ROOT_CONTEXT);
  const invalid = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '0'.repeat(32),
    spanId: '0'.repeat(16),
    traceFlags: 0,
  });
  expect(withOriginInTraceState(invalid, origin)).toBe(invalid);
});
