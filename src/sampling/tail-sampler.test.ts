import { ROOT_CONTEXT, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MqtraceError } from '../common/errors.ts';
import { tracingFaults } from '../common/faults.ts';
import { ATTR_MESSAGE_DELIVERY_ATTEMPT, ATTR_MESSAGE_REDELIVERED } from '../messaging/semconv.ts';
import { alwaysOff, alwaysOn, createSampling, parentBased, ratio } from './index.ts';
import { parentContext } from './testing/ask.ts';
import { referenceWeight } from './testing/otep-235.ts';
import { setUp, thOf } from './testing/provider.ts';
import { deviations, seeded } from './testing/random.ts';

// Many samples, and the machine may be busy: the duration is not tested.
vi.setConfig({ testTimeout: 120_000 });

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const fail = (span: Span): Span => span.setStatus({ code: SpanStatusCode.ERROR });

afterEach(() => {
  vi.useRealTimers();
});

describe('keepErrors', () => {
  test('keeps the whole local trace of a failure that the head sampler dropped, flagged as sampled, with th:0', () => {
    const { start, exported, sampling } = setUp({ sampler: alwaysOff, keepErrors: true });
    const root = start('root');
    const early = start('early', root);
    early.end();
    const child = start('child', root);
    expect(sampling.held).toBe(1);
    expect(sampling.heldBytes).toBeGreaterThan(500);
    fail(child).end();
    const late = start('late', child);
    root.end();
    late.end();
    expect(exported.map(({ name }) => name)).toEqual(['early', 'child', 'root', 'late']);
    for (const span of exported) {
      expect(span.spanContext()).toMatchObject({ traceId: root.spanContext().traceId, traceFlags: 1 });
      expect(thOf(span)).toBe('0');
      expect(span.attributes['sampler.name']).toBe('keepErrors');
    }
    expect(sampling).toMatchObject({ held: 0, heldBytes: 0, sampledOut: 0, capped: 0 });
    // Downstream services got the head sampler's decision, and the span itself is not changed.
    expect(root.spanContext().traceFlags).toBe(0);
  });

  test('drops a local trace without failures, and later spans of it', () => {
    const { start, names, sampling } = setUp({ sampler: alwaysOff, keepErrors: true });
    const root = start('root');
    start('child', root).end();
    root.end();
    fail(start('late', root)).end();
    // A parent that is known only by its ids is still recognized.
    const { traceId, spanId } = root.spanContext();
    fail(start('later', trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 0 }))).end();
    expect(names()).toEqual([]);
    expect(sampling).toMatchObject({ held: 0, sampledOut: 4 });
  });

  test('starts a local trace at each remote parent', () => {
    const { start, exported } = setUp({ sampler: alwaysOn, keepErrors: true });
    const remote = parentContext(traceId, false, 'vendor=1,ot=rv:00000000000001;x:2');
    const first = start('first', remote);
    const second = start('second', remote);
    start('of first', first).end();
    start('of second', second).end();
    first.end();
    fail(second).end();
    expect(exported.map(({ name }) => name)).toEqual(['of second', 'second']);
    for (const span of exported) {
      expect(span.spanContext().traceState?.serialize()).toBe('ot=th:0;rv:00000000000001;x:2,vendor=1');
    }
  });

  test('counts a failure that the head sampler kept with weight 1 as well, so that the weights of failures are exact', () => {
    const random = seeded(90);
    const { start, exported } = setUp({ sampler: ratio(0.1), keepErrors: true }, random);
    const traces = 20_000;
    let failures = 0;
    for (let i = 0; i < traces; i++) {
      const span = start('work');
      if (random() < 0.05) {
        failures++;
        fail(span);
      }
      span.end();
    }
    const weight = (failed: boolean): number =>
      exported
        .filter(({ status }) => (status.code === SpanStatusCode.ERROR) === failed)
        .reduce((sum, span) => sum + referenceWeight(thOf(span) ?? 'none'), 0);
    expect(weight(true)).toBe(failures);
    const kept = exported.length - failures;
    expect(Math.abs(deviations(kept, traces - failures, 0.1))).toBeLessThan(4.5);
    expect(weight(false) / (kept * referenceWeight('e666'))).toBeCloseTo(1, 9);
  });

  test('keeps redeliveries if the broker marks them', () => {
    const { start, names } = setUp({ sampler: alwaysOff, keepErrors: true });
    start('redelivered', ROOT_CONTEXT, { attributes: { [ATTR_MESSAGE_REDELIVERED]: true } }).end();
    start('third attempt', ROOT_CONTEXT, { attributes: { [ATTR_MESSAGE_DELIVERY_ATTEMPT]: 3 } }).end();
    start('first attempt', ROOT_CONTEXT, { attributes: { [ATTR_MESSAGE_DELIVERY_ATTEMPT]: 1 } }).end();
    start('not', ROOT_CONTEXT, { attributes: { [ATTR_MESSAGE_REDELIVERED]: false } }).end();
    expect(names()).toEqual(['redelivered', 'third attempt']);
  });
});

test('keepSlow keeps by duration, keepWhen by properties of the ended span', () => {
  const { start, exported } = setUp({
    sampler: alwaysOff,
    keepSlow: 1.5,
    keepWhen: ({ attributes }) => attributes['http.response.status_code'] === 429,
  });
  for (const ms of [1499, 1500]) {
    start(`${ms} ms`, ROOT_CONTEXT, { startTime: 1_000_000_000_000 }).end(1_000_000_000_000 + ms);
  }
  start('429').setAttribute('http.response.status_code', 429).end();
  start('200').setAttribute('http.response.status_code', 200).end();
  expect(exported.map(({ name, attributes }) => [name, attributes['sampler.name']])).toEqual([
    ['1500 ms', 'keepSlow'],
    ['429', 'keepWhen'],
  ]);
});

test('keepWhen that throws counts as false, and as a fault', () => {
  const before = tracingFaults();
  const { start, names } = setUp({
    sampler: alwaysOff,
    keepWhen() {
      throw new Error('mine');
    },
  });
  start('a').end();
  start('b').end();
  expect(names()).toEqual([]);
  expect(tracingFaults() - before).toBe(2);
});

test('keepWhen that returns a promise counts as false and as a fault, for any outcome of the promise', async () => {
  const before = tracingFaults();
  const keepWhen = (() => Promise.reject(new Error('mine'))) as unknown as () => boolean;
  const { start, names } = setUp({ sampler: alwaysOff, keepWhen });
  start('a').end();
  start('b').end();
  // Vitest fails a run in which a rejection is unhandled.
  await new Promise((resolve) => setImmediate(resolve));
  expect(names()).toEqual([]);
  expect(tracingFaults() - before).toBe(2);
});

describe('held spans are limited', () => {
  test('in traces: for the first trace over the limit, the head sampler’s decision is used', () => {
    const { start, names, sampling } = setUp(
      { sampler: ratio(0.5), keepErrors: true, held: { traces: 10 } },
      seeded(91),
    );
    const open = Array.from({ length: 10 }, (_, index) => start(`open ${index}`));
    const more = Array.from({ length: 20 }, (_, index) => start(`more ${index}`));
    for (const span of more) fail(span).end();
    const sampled = more.filter((span) => span.spanContext().traceFlags === 1).length;
    expect(names()).toHaveLength(sampled);
    expect(sampled).toBeGreaterThan(2);
    for (const span of open) fail(span).end();
    expect(names()).toHaveLength(sampled + 10);
    expect(sampling.sampledOut).toBe(20 - sampled);
  });

  test('in spans: for a trace that is too large, the head sampler’s decision is used', () => {
    const { start, names, sampling } = setUp({ sampler: alwaysOff, keepErrors: true, held: { spans: 100 } });
    const root = start('root');
    for (let i = 0; i < 250; i++) start('child', root).end();
    expect(sampling).toMatchObject({ held: 0, sampledOut: 250 });
    fail(root).end();
    expect(names()).toEqual([]);
  });

  test('in age: for a trace that runs too long, the head sampler’s decision is used, without another event', () => {
    vi.useFakeTimers();
    const { start, names, sampling } = setUp({ sampler: alwaysOn, keepErrors: true, held: { seconds: 5 } });
    const root = start('root');
    start('child', root).end();
    vi.advanceTimersByTime(4000);
    expect(names()).toEqual([]);
    expect(sampling.held).toBe(1);
    const younger = start('younger');
    start('of younger', younger).end();
    vi.advanceTimersByTime(1500);
    expect(names()).toEqual(['child']);
    vi.advanceTimersByTime(4000);
    expect(names()).toEqual(['child', 'of younger']);
    younger.end();
    root.end();
    expect(names()).toEqual(['child', 'of younger', 'younger', 'root']);
    vi.advanceTimersByTime(5000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('flush exports what the head sampler kept; settle and shutdown decide on everything', async () => {
  const { start, names, sampling } = setUp({
    sampler: parentBased(alwaysOff, { remoteParentSampled: alwaysOn }),
    keepErrors: true,
  });
  const kept = start('kept', parentContext(traceId, true));
  const unsampled = start('unsampled', parentContext(traceId, false));
  start('of kept', kept).end();
  start('of unsampled', unsampled).end();
  await sampling.spanProcessor.forceFlush();
  expect(names()).toEqual(['of kept']);
  expect(sampling.held).toBe(1);
  fail(unsampled).end();
  expect(names()).toEqual(['of kept', 'of unsampled', 'unsampled']);
  const other = start('other', parentContext(traceId, false));
  start('of other', other).end();
  sampling.settle();
  expect(sampling).toMatchObject({ held: 0, sampledOut: 1 });
  await sampling.spanProcessor.shutdown();
});

test('setSampler replaces the head sampler immediately, for new spans', () => {
  const { start, names, sampling } = setUp({ sampler: alwaysOff });
  const before = start('before');
  sampling.setSampler({ ratio: 1 });
  start('of before', before).end();
  start('after').end();
  before.end();
  expect(String(sampling.sampler)).toBe('parentBased(ratio(1))');
  expect(names()).toEqual(['after']);
  expect(() => sampling.setSampler({ ratio: 7 })).toThrow(MqtraceError);
});

test('without conditions an unsampled span is not recorded', () => {
  const { start } = setUp({ sampler: alwaysOff });
  expect(start('a').isRecording()).toBe(false);
  expect(setUp({ sampler: alwaysOff, keepErrors: false }).start('a').isRecording()).toBe(false);
  expect(setUp({ sampler: alwaysOff, keepErrors: true }).start('a').isRecording()).toBe(true);
});

test.each([
  { keepErrors: 1 as never },
  { keepSlow: -1 },
  { keepSlow: '1' as never },
  { keepWhen: true as never },
  { maxTracesPerSecond: 0 },
  { maxTracesPerSecond: 1.5 },
  { errorBoost: { base: 0.5, max: 0.1 } },
  { errorBoost: { base: 0.5 } as never },
  { keepErrors: true, held: { trace: 5 } as never },
  { keepError: true } as never,
])('throws for invalid options (%#)', (options) => {
  expect(() => createSampling(options)).toThrow(MqtraceError);
});
