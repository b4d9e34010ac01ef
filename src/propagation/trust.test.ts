import { performance } from 'node:perf_hooks';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { kafkaHeaders, droppedHeaders } from '../../carriers/index.ts';
import { extract, getBaggage, inject } from './index.ts';
import { type Trust, TrustPolicy } from './trust.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const headers = {
  traceparent: `00-${traceId}-${spanId}-01`,
  tracestate: 'ot=th:8;rv:1234567890abcd,v=1',
  baggage: 'k=v',
};
const received = extract(kafkaHeaders, headers);
const admit = (gate: TrustPolicy, context = received): ReturnType<TrustPolicy['apply']> =>
  gate.apply(context, ROOT_CONTEXT);

let now = 0;
beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => now));
afterEach(() => void vi.restoreAllMocks());

test('continue: unchanged', () => {
  expect(admit(new TrustPolicy('continue', 't'))).toEqual({ context: received, linkOnly: false });
});

test('link: linked, baggage kept', () => {
  const trusted = admit(new TrustPolicy('link', 't'));
  expect(trusted.linkOnly).toBe(true);
  expect(getBaggage(trusted.context).getEntry('k')?.value).toBe('v');
});

test('ignore: nothing is kept, and this is counted if there was a context', () => {
  const before = droppedHeaders()['context-ignored'];
  const gate = new TrustPolicy('ignore', 't');
  expect(admit(gate)).toEqual({ context: ROOT_CONTEXT, linkOnly: false });
  expect(admit(gate, ROOT_CONTEXT)).toEqual({ context: ROOT_CONTEXT, linkOnly: false });
  expect(droppedHeaders()['context-ignored']).toBe(before + 1);
});

test('a sampled flag that is not followed is cleared together with the matching threshold; the rest is kept', () => {
  const { context } = admit(new TrustPolicy({ sampled: 'ignore' }, 't'));
  expect(inject(kafkaHeaders, {}, context)).toEqual({
    traceparent: `00-${traceId}-${spanId}-00`,
    tracestate: 'ot=rv:1234567890abcd,v=1',
    baggage: 'k=v',
  });
  expect(trace.getSpanContext(received)?.traceFlags).toBe(1);
  const only = extract(kafkaHeaders, { traceparent: headers.traceparent, tracestate: 'v=1,ot=th:0' });
  expect(inject(kafkaHeaders, {}, admit(new TrustPolicy({ sampled: 'ignore' }, 't'), only).context)['tracestate']).toBe(
    'v=1',
  );
});

test('a number of sampled flags per second, then none, then again', () => {
  const gate = new TrustPolicy({ sampled: { perSecond: 5 } }, 't');
  const sampled = (): number => trace.getSpanContext(admit(gate).context)!.traceFlags & 1;
  const count = (): number => Array.from({ length: 100 }, sampled).reduce((sum, flag) => sum + flag, 0);
  expect(count()).toBe(5);
  now += 400;
  expect(count()).toBe(2);
  now += 60_000;
  expect(count()).toBe(5);
  const unsampled = extract(kafkaHeaders, { traceparent: `00-${traceId}-${spanId}-00` });
  expect(admit(gate, unsampled).context).toBe(unsampled);
});

test('a repeated trace id does not grow one trace without limit', () => {
  const gate = new TrustPolicy({ messagesPerTrace: 3 }, 't');
  const before = droppedHeaders()['trace-too-large'];
  expect(Array.from({ length: 5 }, () => admit(gate).linkOnly)).toEqual([false, false, false, true, true]);
  expect(droppedHeaders()['trace-too-large'] - before).toBe(2);
  const other = extract(kafkaHeaders, { traceparent: `00-${'1'.repeat(32)}-${spanId}-01` });
  expect(admit(gate, other).linkOnly).toBe(false);
});

test('the number of remembered trace ids is limited as documented', () => {
  const gate = new TrustPolicy({ messagesPerTrace: 1 }, 't');
  admit(gate);
  for (let i = 1; i <= 9_999; i++) {
    const id = `a${i.toString(16).padStart(31, '0')}`;
    admit(gate, trace.setSpanContext(ROOT_CONTEXT, { traceId: id, spanId, traceFlags: 1 }));
  }
  expect(admit(gate).linkOnly).toBe(true);
  for (let i = 1; i <= 20_000; i++) {
    const id = `b${i.toString(16).padStart(31, '0')}`;
    admit(gate, trace.setSpanContext(ROOT_CONTEXT, { traceId: id, spanId, traceFlags: 1 }));
  }
  expect(admit(gate).linkOnly).toBe(false);
});

test.each<[unknown, string]>([
  ['trust', "trust: expected 'continue', 'link', 'ignore' or an object"],
  [null, "trust: expected 'continue'"],
  [{ mode: 'link' }, 'trust: unknown option "mode"'],
  [{ context: 'no' }, "trust.context: expected 'continue', 'link' or 'ignore', got \"no\""],
  [{ sampled: {} }, "trust.sampled: expected 'follow', 'ignore' or { perSecond: number }"],
  [[], "trust: expected 'continue'"],
  [{ sampled: null }, 'trust.sampled: expected'],
  [{ sampled: [] }, 'trust.sampled: expected'],
  [{ sampled: { perSecond: Infinity } }, 'trust.sampled: expected'],
  [{ sampled: { perSecond: 1, perMinute: 2 } }, 'trust.sampled: unknown option "perMinute"'],
  [{ sampled: { perSecond: -1 } }, 'trust.sampled: expected'],
  [{ messagesPerTrace: 0.5 }, 'trust.messagesPerTrace: expected a whole number, 0 or more, got 0.5'],
])('throws for %j', (trust, message) => {
  expect(() => new TrustPolicy(trust as Trust, 'trust')).toThrow(message);
});
