// Exports the samplers, which work in any OpenTelemetry provider.
export { adaptive, type AdaptiveOptions } from './adaptive.ts';
export { allOf } from './all-of.ts';
export { anyOf } from './any-of.ts';
export { createSampling, type Sampling, type SamplingOptions, type TailSamplingOptions } from './create-sampling.ts';
export { credits } from './credits.ts';
export { alwaysOff, alwaysOn } from './fixed.ts';
export { samplerFrom, type SamplerConfig } from './from-options.ts';
export { linkBased } from './link-based.ts';
export { parentBased, type ParentBasedOptions } from './parent-based.ts';
export { perSecond, type PerSecondOptions } from './per-second.ts';
export { independent, ratio, type IndependentOptions } from './ratio.ts';
export { rules, type Match, type Range, type RulesOptions, type SamplingRule, type SpanKindName } from './rules.ts';
export type { ErrorBoostOptions } from './error-boost.ts';
export type { HeldSpans } from '../common/held-spans.ts';
export type { TailConditions } from './tail-conditions.ts';
export type { TailDecision } from './tail-decision.ts';
export type { TailLimits } from './tail-sampler.ts';
