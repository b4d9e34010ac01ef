import { SpanStatusCode, type Span } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { tracingFaults } from '../common/faults.ts';
import { alwaysOn, createSampling, credits, ratio } from './index.ts';
import { referenceKeeps, referenceWeight } from './testing/otep-235.ts';
import { setUp, thOf, type Setup } from './testing/provider.ts';
import { seeded } from './testing/random.ts';

// Many samples, and the machine may be busy: the duration is not tested.
vi.setConfig({ testTimeout: 120_000 });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Traces of three spans each. */
function work({ start }: Setup, traces: number, failing = 0): Span[] {
  return Array.from({ length: traces }, (_, index) => {
    const root = start(index < failing ? 'failing' : 'root');
    start('child', root).end();
    start('child', root).end();
    if (index < failing) root.setStatus({ code: SpanStatusCode.ERROR });
    root.end();
    return root;
  });
}

function tracesIn(setup: Setup): Map<string, { spans: number; th: Set<string | undefined> }> {
  const traces = new Map<string, { spans: number; th: Set<string | undefined> }>();
  for (const span of setup.exported) {
    const { traceId } = span.spanContext();
    const trace = traces.get(traceId) ?? { spans: 0, th: new Set() };
    trace.spans++;
    trace.th.add(thOf(span));
    traces.set(traceId, trace);
  }
  return traces;
}

const randomness = (traceId: string): bigint => BigInt(`0x${traceId.slice(18)}`);

describe('maxTracesPerSecond', () => {
  test('keeps exactly the k traces with the largest R, whole, with the (k+1)th R as their threshold', () => {
    const setup = setUp({ sampler: alwaysOn, maxTracesPerSecond: 10 }, seeded(100));
    const roots = work(setup, 100);
    expect(setup.exported).toEqual([]);
    expect(setup.sampling.held + setup.sampling.capped).toBe(300);
    vi.advanceTimersByTime(1000);
    const ids = roots
      .map((root) => root.spanContext().traceId)
      .sort((a, b) => (randomness(a) > randomness(b) ? -1 : 1));
    const kept = tracesIn(setup);
    expect([...kept.keys()].sort()).toEqual(ids.slice(0, 10).sort());
    const cut = ids[10]?.slice(18).replace(/0+$/, '') ?? '';
    for (const [traceId, { spans, th }] of kept) {
      expect(spans).toBe(3);
      expect([...th]).toEqual([cut]);
      expect(referenceKeeps(traceId, cut)).toBe(true);
    }
    expect(setup.sampling).toMatchObject({ held: 0, heldBytes: 0, capped: 270, sampledOut: 0 });
  });

  test('changes nothing below the limit', () => {
    const setup = setUp({ sampler: ratio(0.5), maxTracesPerSecond: 100 }, seeded(101));
    const sampled = work(setup, 100).filter((span) => span.spanContext().traceFlags === 1).length;
    vi.advanceTimersByTime(1000);
    expect(tracesIn(setup).size).toBe(sampled);
    expect(new Set(setup.exported.map(thOf))).toEqual(new Set(['8']));
    expect(setup.sampling.capped).toBe(0);
  });

  test('keeps k per second, and late spans follow the decision about their trace', () => {
    const setup = setUp({ sampler: alwaysOn, maxTracesPerSecond: 5 }, seeded(102));
    const roots = Array.from({ length: 20 }, () => setup.start('root'));
    for (const root of roots) setup.start('early', root).end();
    vi.advanceTimersByTime(1000);
    const kept = new Set(tracesIn(setup).keys());
    expect(kept.size).toBe(5);
    const before = new Map([...tracesIn(setup)].map(([id, { th }]) => [id, [...th]]));
    for (const root of roots) root.end();
    expect(new Set(tracesIn(setup).keys())).toEqual(kept);
    for (const [id, { spans, th }] of tracesIn(setup)) expect([spans, [...th]]).toEqual([2, before.get(id)]);
    for (let second = 0; second < 3; second++) {
      setup.exported.length = 0;
      work(setup, 50);
      vi.advanceTimersByTime(1000);
      expect(tracesIn(setup).size).toBe(5);
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  test('keeps the weights unbiased across services with different rates', () => {
    const random = seeded(103);
    let [sum, truth] = [0, 0];
    for (let run = 0; run < 30; run++) {
      // Two head samplers, so that thresholds differ within one window.
      const setup = setUp({ sampler: ratio(1), maxTracesPerSecond: 50 }, random);
      for (let i = 0; i < 400; i++) {
        if (i % 200 === 0) setup.sampling.setSampler(ratio(i === 0 ? 0.8 : 0.3));
        setup.start('root').end();
        truth++;
      }
      vi.advanceTimersByTime(1000);
      for (const span of setup.exported) sum += referenceWeight(thOf(span) ?? 'none');
      expect(setup.exported).toHaveLength(50);
    }
    // 1500 of 12,000 kept with weights of about 8: one standard deviation is 2.4 %.
    expect(Math.abs(sum / truth - 1)).toBeLessThan(4.5 * 0.024);
  });

  test('holds no more than necessary in a flood', () => {
    const setup = setUp({ sampler: alwaysOn, maxTracesPerSecond: 10 }, seeded(104));
    let most = 0;
    const roots: Span[] = [];
    for (let i = 0; i < 5000; i++) {
      roots.push(...work(setup, 1));
      most = Math.max(most, setup.sampling.held);
    }
    expect(most).toBeLessThan(3 * 125);
    vi.advanceTimersByTime(1000);
    const ids = roots
      .map((root) => root.spanContext().traceId)
      .sort((a, b) => (randomness(a) > randomness(b) ? -1 : 1));
    expect([...tracesIn(setup).keys()].sort()).toEqual(ids.slice(0, 10).sort());
    expect([...tracesIn(setup).values()].every(({ spans }) => spans === 3)).toBe(true);
    expect(new Set(setup.exported.map(thOf))).toEqual(new Set([ids[10]?.slice(18).replace(/0+$/, '')]));
    expect(setup.sampling.capped).toBe(15_000 - 30);
  });

  test('a flush within a second uses its share of k', async () => {
    const setup = setUp({ sampler: alwaysOn, maxTracesPerSecond: 10 }, seeded(105));
    work(setup, 6);
    await setup.sampling.spanProcessor.forceFlush();
    expect(tracesIn(setup).size).toBe(6);
    work(setup, 100);
    await setup.sampling.spanProcessor.forceFlush();
    vi.advanceTimersByTime(1000);
    expect(tracesIn(setup).size).toBe(10);
    work(setup, 100);
    vi.advanceTimersByTime(1000);
    expect(tracesIn(setup).size).toBe(20);
  });

  test('kept failures take precedence, count towards k, and keep th:0', () => {
    const setup = setUp({ sampler: ratio(0.5), keepErrors: true, maxTracesPerSecond: 20 }, seeded(106));
    work(setup, 200, 15);
    vi.advanceTimersByTime(1000);
    expect(tracesIn(setup).size).toBe(20);
    expect(setup.names().filter((name) => name === 'failing')).toHaveLength(15);
    const byReason = (reason: string): Set<string | undefined> =>
      new Set(setup.exported.filter(({ attributes }) => attributes['sampler.name'] === reason).map(thOf));
    expect(byReason('keepErrors')).toEqual(new Set(['0']));
    const [cut] = byReason('ratio(0.5)');
    expect(cut).toMatch(/^f[0-9a-f]{6,13}$/);
  });

  test('with more failures than k, the excess is dropped and the weight of the rest is erased', () => {
    const setup = setUp({ sampler: alwaysOn, keepErrors: true, maxTracesPerSecond: 10 }, seeded(107));
    work(setup, 60, 30);
    vi.advanceTimersByTime(1000);
    expect(tracesIn(setup).size).toBe(10);
    expect(setup.names().filter((name) => name === 'failing')).toHaveLength(10);
    expect(new Set(setup.exported.map(thOf))).toEqual(new Set([undefined]));
    expect(setup.sampling.capped).toBe(180 - 30);
  });

  test('a flood of failures is not held either: the k traces with the largest R are kept whole, also if more of them fail later', () => {
    const setup = setUp({ sampler: alwaysOn, keepErrors: true, maxTracesPerSecond: 10 }, seeded(109));
    let most = 0;
    const roots: Span[] = [];
    for (let i = 0; i < 3000; i++) {
      roots.push(...work(setup, 1, 1));
      most = Math.max(most, setup.sampling.held);
    }
    expect(most).toBeLessThan(3 * 125);
    for (const root of roots.slice(0, 100)) setup.start('later', root).setStatus({ code: SpanStatusCode.ERROR }).end();
    vi.advanceTimersByTime(1000);
    for (const root of roots.slice(-100)) setup.start('later', root).setStatus({ code: SpanStatusCode.ERROR }).end();
    vi.advanceTimersByTime(1000);
    const ids = roots
      .map((root) => root.spanContext().traceId)
      .sort((a, b) => (randomness(a) > randomness(b) ? -1 : 1));
    expect([...tracesIn(setup).keys()].sort()).toEqual(ids.slice(0, 10).sort());
    expect([...tracesIn(setup).values()].every(({ spans }) => spans >= 3)).toBe(true);
    expect(new Set(setup.exported.map(thOf))).toEqual(new Set([undefined]));
    expect(setup.exported.length + setup.sampling.capped).toBe(9200);
    expect(setup.sampling).toMatchObject({ held: 0, heldBytes: 0 });
  });

  test('one trace with very many spans is not held for the whole second', () => {
    const setup = setUp({ sampler: alwaysOn, maxTracesPerSecond: 2 }, seeded(111));
    const root = setup.start('root');
    for (let i = 0; i < 50_010; i++) setup.start('child', root).end();
    expect(setup.sampling.held).toBe(0);
    expect(setup.exported).toHaveLength(50_010);
    root.end();
    work(setup, 5);
    vi.advanceTimersByTime(1000);
    expect(tracesIn(setup).size).toBe(2);
  });

  test('a processor that throws does not end the process, and the others get their spans', () => {
    const seen: string[] = [];
    const none = { onStart: () => undefined, forceFlush: () => Promise.resolve(), shutdown: () => Promise.resolve() };
    const sampling = createSampling(
      { maxTracesPerSecond: 5 },
      {
        ...none,
        onEnd() {
          throw new Error('full');
        },
      },
      { ...none, onEnd: ({ name }) => void seen.push(name) },
    );
    const provider = new TracerProvider({ sampler: sampling.sampler, spanProcessors: [sampling.spanProcessor] });
    const before = tracingFaults();
    provider.getTracer('test').startSpan('a').end();
    vi.advanceTimersByTime(1000);
    expect(seen).toEqual(['a']);
    expect(tracingFaults()).toBe(before + 1);
  });

  test('does not invent a weight if there was none', () => {
    const setup = setUp({ sampler: credits(1000, 1000), maxTracesPerSecond: 5 }, seeded(108));
    work(setup, 20);
    vi.advanceTimersByTime(1000);
    expect(tracesIn(setup).size).toBe(5);
    expect(new Set(setup.exported.map(thOf))).toEqual(new Set([undefined]));
  });

  test('a received rv that is always the largest does not break the limit', () => {
    const setup = setUp({ sampler: alwaysOn, maxTracesPerSecond: 5 }, () => 0.9999999999);
    for (let i = 0; i < 50; i++) setup.start('root').end();
    vi.advanceTimersByTime(1000);
    expect(tracesIn(setup).size).toBeLessThanOrEqual(5);
  });
});
