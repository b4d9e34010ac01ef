import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allOf, alwaysOff, alwaysOn, anyOf, independent, linkBased, ratio, rules } from './index.ts';
import { SamplingPair, type SamplingOptions } from './create-sampling.ts';

const provider = trace.getTracerProvider();
const skipsRoots = (options: SamplingOptions): boolean =>
  new SamplingPair(() => 'test', options, []).hintFor(provider).skipsRoots!();

test.each<[string, SamplingOptions]>([
  ['a ratio of 0', { sampler: ratio(0) }],
  ['none', { sampler: alwaysOff }],
  ['none of several', { sampler: anyOf(ratio(0), alwaysOff) }],
  ['all of none', { sampler: allOf(ratio(0), alwaysOff) }],
])('roots are skipped with %s', (_what, options) => {
  expect(skipsRoots(options)).toBe(true);
});

test.each<[string, SamplingOptions]>([
  ['the default', {}],
  ['a ratio that keeps hardly any', { sampler: ratio(1e-9) }],
  ['a ratio beside none', { sampler: anyOf(alwaysOff, ratio(1e-9)) }],
  ['a random number of its own, which a span has to carry', { sampler: independent(0) }],
  ['links that may decide', { sampler: linkBased(ratio(0)) }],
  ['rules', { sampler: rules([{ kind: 'consumer', sample: 1 }, { sample: 0 }]) }],
  ['errors to be kept', { sampler: ratio(0), keepErrors: true }],
  [
    'a sampler of the application',
    { sampler: { shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD }), toString: () => 'mine' } },
  ],
])('roots are not skipped with %s', (_what, options) => {
  expect(skipsRoots(options)).toBe(false);
});

test('if roots are skipped, the sampler drops every trace id, name, attributes and links', () => {
  const hexId = fc
    .array(fc.constantFrom(...Array.from('0123456789abcdef')), { minLength: 32, maxLength: 32 })
    .map((digits) => digits.join(''));
  const samplers = fc.constantFrom(ratio(0), ratio(1e-9), ratio(1), alwaysOff, alwaysOn, allOf(ratio(0), ratio(1)));
  fc.assert(
    fc.property(samplers, hexId, fc.string(), (sampler, traceId, name) => {
      const pair = new SamplingPair(() => 'test', { sampler }, []);
      if (!pair.hintFor(provider).skipsRoots!()) return;
      const links = [{ context: { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1 } }];
      const result = pair.sampler.shouldSample(ROOT_CONTEXT, traceId, name, SpanKind.CLIENT, { name }, links);
      expect(result).toEqual({ decision: 0 });
    }),
  );
});
