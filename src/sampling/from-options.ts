// Creates a sampler from plain data.
import type { Sampler } from '@opentelemetry/sdk-trace';
import { invalidOption } from '../common/errors.ts';
import { allOf } from './all-of.ts';
import { checkNames, checkPositive, checkProbability } from '../common/check-options.ts';
import { composable, isSampler } from './foreign.ts';
import type { ConsistentSampler } from './consistent-sampler.ts';
import { isParentBased, parentBased } from './parent-based.ts';
import { perSecond } from './per-second.ts';
import { ratio } from './ratio.ts';

/** A sampler as plain data, for example from a configuration file. If both are set, both must keep the span (`allOf`). */
export interface SamplerConfig {
  /** As {@link ratio}: 0 (none) to 1 (all). */
  readonly ratio?: number | undefined;
  /** As {@link perSecond}. */
  readonly perSecond?: number | undefined;
}

/**
 * The sampler that plain data describes; a sampler is returned unchanged.
 *
 * @throws MqtraceError `INVALID_OPTION`
 */
export function samplerFrom(given: Sampler | SamplerConfig, where = 'sampler'): Sampler {
  if (isSampler(given)) return given;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidOption(where, given, 'a Sampler or { ratio, perSecond }');
  }
  checkNames(where, given, ['ratio', 'perSecond']);
  const parts: Sampler[] = [];
  if (given.ratio !== undefined) {
    checkProbability(`${where}.ratio`, given.ratio);
    parts.push(ratio(given.ratio));
  }
  if (given.perSecond !== undefined) {
    checkPositive(`${where}.perSecond`, given.perSecond);
    parts.push(perSecond(given.perSecond));
  }
  const [only] = parts;
  if (!only) throw invalidOption(where, given, 'a Sampler or { ratio, perSecond }, with at least one of them');
  return parts.length === 1 ? only : allOf(...parts);
}

/** Wrapped in `parentBased`, unless it is one. @internal */
export function wholeTraces(sampler: Sampler, where = 'sampler'): ConsistentSampler {
  return composable(where, isParentBased(sampler) ? sampler : parentBased(sampler));
}
