// Breaks each part that an application passes to startTracing in each way: the application is not affected, and the fault is
// counted.
import { type ContextManager, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { type Sampler, SamplingDecision, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { expect, test, vi } from 'vitest';
import { tracingFaults } from '../common/faults.ts';
import { createSampling } from '../sampling/index.ts';
import { AsyncContextManager } from './context-manager.ts';
import type { StartTracingOptions } from './options.ts';
import { cleanUpAfterEach, start } from './testing/fixture.ts';

cleanUpAfterEach();

const error = new Error('broken');
const ways: readonly [string, () => never][] = [
  [
    'throws',
    () => {
      throw error;
    },
  ],
  ['returns undefined', () => undefined as never],
  ['returns null', () => null as never],
  ['rejects', () => Promise.reject(error) as never],
];

/** These return nothing by design: undefined or null is not a fault. */
const voids = new Set(['onStart', 'onEnd', 'onEnding', 'forceFlush', 'shutdown', 'enable']);

function processor(broken: string, way: () => never): SpanProcessor {
  const whole = { onStart: () => undefined, onEnd: () => undefined, onEnding: () => undefined };
  const ends = { forceFlush: () => Promise.resolve(), shutdown: () => Promise.resolve() };
  return { ...whole, ...ends, [broken]: way };
}

function contextManager(broken: string, way: () => never): ContextManager {
  return Object.defineProperty(new AsyncContextManager(), broken, { value: way });
}

const parts: readonly [string, string, (way: () => never) => StartTracingOptions][] = [
  ['sampler', 'shouldSample', (way) => ({ sampling: { sampler: { shouldSample: way } } })],
  ['tail sampling', 'keepWhen', (way) => ({ sampling: { keepWhen: way } })],
  ...['onStart', 'onEnding', 'onEnd', 'forceFlush', 'shutdown'].map((method): (typeof parts)[number] => [
    'span processor',
    method,
    (way) => ({ spanProcessors: [processor(method, way)] }),
  ]),
  ...['active', 'with', 'enable'].map((method): (typeof parts)[number] => [
    'context manager',
    method,
    (way) => ({ contextManager: contextManager(method, way), register: true }),
  ]),
  ['meter provider', 'getMeter', (way) => ({ meterProvider: { getMeter: way } })],
];

const nameless = (way: () => never): Sampler => ({
  shouldSample: () => ({ decision: SamplingDecision.RECORD_AND_SAMPLED }),
  toString: way,
});

const cases = parts.flatMap(([part, method, options]) =>
  ways.map(([how, way]): [string, string, string, StartTracingOptions] => [part, method, how, options(way)]),
);

cases.push(['sampler', 'toString', 'throws', { sampling: { sampler: nameless(ways[0]![1]) } }]);

test.each(cases)('a %s whose %s %s', async (_, method, how, options) => {
  const faults = tracingFaults();
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const tracing = start({ register: false, export: { protocol: 'none' }, ...options });
  const mine = new Error('mine');
  expect(tracing.span('work', () => 7)).toBe(7);
  await expect(tracing.span('work', async () => 8)).resolves.toBe(8);
  expect(() =>
    tracing.span('work', () => {
      throw mine;
    }),
  ).toThrow(mine);
  await tracing.flush();
  await tracing.shutdown();
  await new Promise(setImmediate);
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
  const isFault =
    !(voids.has(method) && how.startsWith('returns')) && !(method === 'keepWhen' && how.startsWith('returns'));
  expect(tracingFaults() > faults).toBe(isFault);
});

test.each(ways)('a processor of createSampling that %s does not reach the provider', async (_, way) => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const methods = Object.fromEntries(
    ['onStart', 'onEnd', 'onEnding', 'forceFlush', 'shutdown'].map((name) => [name, way]),
  );
  const { spanProcessor } = createSampling({}, methods as unknown as SpanProcessor);
  const span = { spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }) } as never;
  spanProcessor.onStart(span, ROOT_CONTEXT);
  spanProcessor.onEnding?.(span);
  spanProcessor.onEnd(span);
  await spanProcessor.forceFlush();
  await spanProcessor.shutdown();
  await new Promise(setImmediate);
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test.each([{ decision: 7 }, {}, { decision: '2' }])('an invalid decision (%o) counts as not sampled', (result) => {
  const faults = tracingFaults();
  const { sampler } = createSampling({ sampler: { shouldSample: () => result } as unknown as Sampler });
  expect(sampler.shouldSample(ROOT_CONTEXT, '1'.repeat(32), 'work', SpanKind.INTERNAL, {}, [])).toMatchObject({
    decision: 0,
  });
  expect(tracingFaults()).toBe(faults + 1);
});
