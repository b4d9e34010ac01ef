// Creates the sampler that OTEL_TRACES_SAMPLER names.
import type { Sampler } from '@opentelemetry/sdk-trace';
import { parseDecimal } from '../config/environment.ts';
import { adaptive } from './adaptive.ts';
import { credits } from './credits.ts';
import { alwaysOff, alwaysOn } from './fixed.ts';
import { parentBased } from './parent-based.ts';
import { perSecond } from './per-second.ts';
import { independent, ratio } from './ratio.ts';

/** The required part of the environment. @internal */
export interface SamplerVariables {
  text(name: string): string | undefined;
  /** Reports an invalid variable, which is then ignored. */
  reject(name: string, expected: string): void;
}

interface Named {
  readonly sample: (numbers: number[]) => Sampler;
  /** The expected value of `OTEL_TRACES_SAMPLER_ARG`; undefined if it is not read. */
  readonly arg?: string;
  /** The maximum count of comma-separated numbers. Default 1. */
  readonly most?: number;
  /** Used if the argument is missing or invalid; undefined: the sampler requires an argument. */
  readonly fallback?: number[];
}

const aRatio: Named = { sample: ([p = 1]) => ratio(p), arg: 'a number from 0 to 1', fallback: [1] };

/** The names of the specification. Samplers without `parentbased_` decide about every span, even below a parent. */
const specified: ReadonlyMap<string, Named> = new Map(
  Object.entries<Named>({
    always_on: { sample: () => alwaysOn },
    always_off: { sample: () => alwaysOff },
    traceidratio: aRatio,
    parentbased_always_on: { sample: () => parentBased(alwaysOn) },
    parentbased_always_off: { sample: () => parentBased(alwaysOff) },
    parentbased_traceidratio: { ...aRatio, sample: ([p = 1]) => parentBased(ratio(p)) },
  }),
);

/** The names of mqtrace, case-insensitive and with or without underscores; always wrapped in `parentBased`. */
const own: ReadonlyMap<string, Named> = new Map(
  Object.entries<Named>({
    alwayson: { sample: () => alwaysOn },
    alwaysoff: { sample: () => alwaysOff },
    ratio: aRatio,
    independent: { ...aRatio, sample: ([p = 1]) => independent(p) },
    persecond: { sample: ([n = 0]) => perSecond(n), arg: 'a number above 0' },
    credits: {
      sample: ([n = 0, burst]) => credits(n, burst),
      arg: 'spans a second, or "spans a second,burst"',
      most: 2,
    },
    adaptive: { sample: ([n = 0]) => adaptive({ perSecond: n }), arg: 'spans a second, above 0' },
  }),
);

/**
 * The sampler named by `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`; undefined if none is. As the specification requires, an
 * invalid value is reported and counts as unset.
 *
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration
 * @internal
 */
export function samplerFromEnvironment(variables: SamplerVariables): Sampler | undefined {
  const given = variables.text('OTEL_TRACES_SAMPLER')?.toLowerCase();
  if (given === undefined) return undefined;
  const ours = own.get(given.replaceAll('_', '').replace(/^parentbased/, ''));
  const named = specified.get(given) ?? ours;
  if (!named) {
    const names = [...specified.keys(), 'ratio', 'independent', 'perSecond', 'credits', 'adaptive'];
    variables.reject('OTEL_TRACES_SAMPLER', `one of ${names.join(', ')}`);
    return undefined;
  }
  const sampler = withArgument(named, variables);
  return sampler && named === ours && !specified.has(given) ? parentBased(sampler) : sampler;
}

function withArgument({ sample, arg, most = 1, fallback }: Named, variables: SamplerVariables): Sampler | undefined {
  if (arg === undefined) return sample([]);
  const text = variables.text('OTEL_TRACES_SAMPLER_ARG');
  if (text !== undefined) {
    const numbers = text.split(',').map(parseDecimal);
    try {
      // A decimal comma (0,5) yields one number too many.
      if (numbers.length <= most) return sample(numbers);
    } catch {
      // A number is out of range or invalid.
    }
    variables.reject('OTEL_TRACES_SAMPLER_ARG', arg);
  }
  if (fallback) return sample(fallback);
  if (text === undefined) variables.reject('OTEL_TRACES_SAMPLER', `OTEL_TRACES_SAMPLER_ARG beside it: ${arg}`);
  return undefined;
}
