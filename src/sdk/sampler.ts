// Selects the sampler, from options and variables.
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Environment } from '../config/environment.ts';
import { samplingPath } from './validate-options.ts';
import type { SamplingOptions } from '../sampling/index.ts';
import { SamplingPair } from '../sampling/create-sampling.ts';
import { samplerFromEnvironment } from '../sampling/from-environment.ts';

/**
 * The sampler, and the processor that decides which ended spans are passed to `processors`.
 *
 * @internal
 */
export function chooseSampling(
  options: SamplingOptions,
  environment: Environment,
  processors: readonly SpanProcessor[],
): SamplingPair {
  const optionWins = environment.mode === 'fallback' && options.sampler !== undefined;
  const named = optionWins ? undefined : samplerFromEnvironment(environment);
  return new SamplingPair(samplingPath, options, processors, named);
}
