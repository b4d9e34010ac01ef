import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Environment } from '../config/environment.ts';
import type { StartTracingOptions } from './options.ts';
import { SamplingPair } from '../sampling/create-sampling.ts';
import { samplerFromEnvironment } from '../sampling/from-environment.ts';

/**
 * The sampler, and the processor that decides which ended spans go on to `processors`.
 *
 * @internal
 */
export function chooseSampling(
  options: StartTracingOptions,
  environment: Environment,
  processors: readonly SpanProcessor[],
): SamplingPair {
  const optionWins = environment.mode === 'fallback' && options.sampler !== undefined;
  const named = optionWins ? undefined : samplerFromEnvironment(environment);
  return new SamplingPair('startTracing', options, processors, named);
}
