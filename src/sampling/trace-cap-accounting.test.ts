import { TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { markKeptFailure } from './exported-span.ts';
import { alwaysOn } from './index.ts';
import { randomHex, seeded } from './testing/random.ts';
import { TraceCap } from './trace-cap.ts';

// Many samples, and the machine may be busy: the duration is not tested.
vi.setConfig({ testTimeout: 120_000 });

const fails = fc.boolean();
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('trace' as const), fails, count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('late span' as const), fails, of: fc.nat(50) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('flood' as const), fails, count: fc.integer({ min: 100, max: 400 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'second' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'flush' as const }) },
);

interface Setup {
  readonly cap: TraceCap;
  /** Traces that were exported for the first time. */
  readonly passed: Set<string>;
  readonly out: () => number;
  readonly second: () => void;
  /** Ends a span, of this trace or of a new one; returns its trace id. */
  readonly end: (failed: boolean, traceId?: string) => string;
}

/** A limit with a controlled clock. */
function setUp(k: number, seed: number): Setup {
  const random = seeded(seed);
  const tracer = new TracerProvider({
    sampler: alwaysOn,
    idGenerator: {
      generateTraceId: () => `${randomHex(random, 31)}1`,
      generateSpanId: () => `1${randomHex(random, 15)}`,
    },
  }).getTracer('test');
  const [passed, ever] = [new Set<string>(), new Set<string>()];
  let close: (() => void) | undefined;
  let out = 0;
  const deliver = (span: ReadableSpan): void => {
    out++;
    const { traceId } = span.spanContext();
    if (!ever.has(traceId)) passed.add(traceId);
    ever.add(traceId);
  };
  const cap = new TraceCap(k, deliver, (run) => void (close = run));
  const end = (failed: boolean, traceId?: string): string => {
    const span = tracer.startSpan('span');
    if (traceId !== undefined) Object.assign(span.spanContext(), { traceId });
    span.end();
    const ended = span as unknown as ReadableSpan;
    cap.end(failed ? markKeptFailure(ended) : ended);
    return span.spanContext().traceId;
  };
  const second = (): void => {
    const run = close;
    close = undefined;
    run?.();
  };
  return { cap, passed, end, second, out: () => out };
}

test('at most k new traces per second are exported, and every span is counted', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), fc.integer(), (steps, k, seed) => {
      const { cap, passed, end, second, out } = setUp(k, seed);
      const traceIds: string[] = [];
      let ended = 0;
      const check = (): void => {
        expect(passed.size).toBeLessThanOrEqual(k);
        expect(cap.held + cap.capped + out()).toBe(ended);
      };
      for (const each of steps) {
        if (each.kind === 'trace' || each.kind === 'flood') {
          const first = end(each.fails);
          if (each.kind === 'trace') traceIds.push(first);
          for (let i = 1; i < each.count; i++) end(each.fails, each.kind === 'trace' ? first : undefined);
          ended += each.count;
        } else if (each.kind === 'late span') {
          end(each.fails, traceIds[each.of % traceIds.length]);
          ended++;
        } else if (each.kind === 'flush') {
          cap.settle();
        } else {
          second();
          check();
          passed.clear();
        }
        check();
        expect(cap.held).toBeLessThan(700);
      }
      second();
      check();
      expect(cap).toMatchObject({ held: 0, heldBytes: 0 });
    }),
    { numRuns: 200 },
  );
});
