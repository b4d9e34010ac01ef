import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Environment } from './environment.ts';
import type { RatioSampling, StartTracingOptions } from './options.ts';

const names = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** @internal */
export function chooseSampler(options: StartTracingOptions, environment: Environment): Sampler {
  return (
    environment.settle(fromOption(options.sampler), fromVariables(environment)) ?? parentBased(new AlwaysOnSampler())
  );
}

function fromOption(option: Sampler | RatioSampling | undefined): Sampler | undefined {
  if (option === undefined) return undefined;
  return parentBased('shouldSample' in option ? option : new TraceIdRatioBasedSampler(option.ratio));
}

/** The variables name a sampler completely: what is not called parentbased there does not follow the parent. */
function fromVariables(environment: Environment): Sampler | undefined {
  const name = environment.oneOf('OTEL_TRACES_SAMPLER', names);
  if (name === undefined) return undefined;
  const root = name.replace('parentbased_', '');
  const ratio = root === 'traceidratio' ? (environment.number('OTEL_TRACES_SAMPLER_ARG', 0, 1) ?? 1) : 1;
  const sampler =
    root === 'always_on'
      ? new AlwaysOnSampler()
      : root === 'always_off'
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(ratio);
  return root === name ? sampler : parentBased(sampler);
}

/** By name and not by class, since two copies of the SDK may be installed. */
function parentBased(root: Sampler): Sampler {
  return root.toString().startsWith('ParentBased') ? root : new ParentBasedSampler({ root });
}
