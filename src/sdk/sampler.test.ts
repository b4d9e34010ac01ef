import { diag, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, SamplingDecision } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Environment } from '../config/environment.ts';
import type { SamplingOptions } from '../sampling/index.ts';
import { chooseSampling } from './sampler.ts';
import { collectDiag } from './testing/diag-log.ts';

let reported: string[];
beforeEach(() => void (reported = collectDiag()));
afterEach(() => diag.disable());

const choose = (options: SamplingOptions, variables: Record<string, string> = {}) =>
  chooseSampling(options, new Environment('override', variables), []).sampler;

/** Whether a span is kept: without a parent, and below a sampled and an unsampled remote parent. */
function decisions(options: SamplingOptions, variables?: Record<string, string>): boolean[] {
  const traceId = 'f'.repeat(32);
  const remote = (traceFlags: number) =>
    trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '1'.repeat(16), traceFlags, isRemote: true });
  return [ROOT_CONTEXT, remote(1), remote(0)].map((parent) => {
    const result = choose(options, variables).shouldSample(parent, traceId, 'name', SpanKind.INTERNAL, {}, []);
    return result.decision === SamplingDecision.RECORD_AND_SAMPLED;
  });
}

test.each([
  ['by default', {}, {}, [true, true, false]],
  ['by ratio 0', { sampler: { ratio: 0 } }, {}, [false, true, false]],
  ['by ratio 1', { sampler: { ratio: 1 } }, {}, [true, true, false]],
  ['by a sampler', { sampler: new AlwaysOffSampler() }, {}, [false, true, false]],
  ['always_on', { sampler: { ratio: 0 } }, { OTEL_TRACES_SAMPLER: 'always_on' }, [true, true, true]],
  ['always_off', {}, { OTEL_TRACES_SAMPLER: 'always_off' }, [false, false, false]],
  ['parentbased_always_off', {}, { OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, [false, true, false]],
  ['traceidratio', {}, { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, [false, false, false]],
  ['traceidratio without a ratio', {}, { OTEL_TRACES_SAMPLER: 'traceidratio' }, [true, true, true]],
  [
    'parentbased_traceidratio',
    {},
    { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
    [false, true, false],
  ],
])('a root, the child of a kept one, the child of a dropped one: %s', (_, options, variables, expected) => {
  expect(decisions(options, variables)).toEqual(expected);
  expect(reported).toEqual([]);
});

test('a parent-based sampler is used unchanged', () => {
  const sampler = new ParentBasedSampler({
    root: new AlwaysOnSampler(),
    remoteParentNotSampled: new AlwaysOnSampler(),
  });
  expect(decisions({ sampler })).toEqual([true, true, true]);
  expect(String(choose({ sampler }))).toBe(String(sampler));
});

test('an unknown sampler and a ratio out of range are reported and ignored', () => {
  expect(decisions({ sampler: { ratio: 0 } }, { OTEL_TRACES_SAMPLER: 'xray' })).toEqual([false, true, false]);
  expect(reported.every((line) => line.includes('OTEL_TRACES_SAMPLER is ignored'))).toBe(true);
  reported.length = 0;
  const ratio = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' };
  expect(decisions({}, ratio)).toEqual([true, true, true]);
  expect(reported[0]).toContain('OTEL_TRACES_SAMPLER_ARG is ignored: expected a number from 0 to 1');
});
