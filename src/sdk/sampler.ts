import type { Sampler } from '@opentelemetry/sdk-trace';
import type { Environment } from './environment.ts';
import type { StartTracingOptions } from './options.ts';
import { samplerFromEnvironment } from './sampling/from-environment.ts';
import { samplerFrom, wholeTraces } from './sampling/from-options.ts';
import { alwaysOn, parentBased } from './sampling/index.ts';

/** @internal */
export function chooseSampler(options: StartTracingOptions, environment: Environment): Sampler {
  const option = options.sampler && wholeTraces(samplerFrom(options.sampler));
  return environment.settle<Sampler>(option, samplerFromEnvironment(environment)) ?? parentBased(alwaysOn);
}
