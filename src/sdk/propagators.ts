// Selects and combines propagators.
import { type Context, propagation, type TextMapPropagator, trace } from '@opentelemetry/api';
import { markIntentionallyLossy } from '../propagation/lossy-propagator.ts';
import { mqtracePropagator } from '../propagation/index.ts';
import { reportFault } from '../common/faults.ts';
import type { Environment } from '../config/environment.ts';
import { loadingProblem, loadOptional } from '../config/optional-package.ts';
import { type PropagatorName, propagatorNames } from '../config/names.ts';
import type { StartTracingOptions } from './options.ts';

/**
 * The propagator to register. `none` returns one that does nothing, which has to be registered: without a registered propagator,
 * wrappers use their own.
 *
 * @throws MqtraceError `MISSING_DEPENDENCY` for a propagator named in code whose package is not installed.
 * @internal
 */
export function choosePropagator(options: StartTracingOptions, environment: Environment): TextMapPropagator {
  const optionWins = environment.mode === 'fallback' && options.propagator !== undefined;
  const chosen = (optionWins ? undefined : named(environment)) ?? options.propagator;
  if (chosen === undefined) return mqtracePropagator;
  const propagator = isList(chosen) ? compose(chosen) : chosen;
  markIntentionallyLossy(propagator);
  return propagator;
}

/** The propagators in `OTEL_PROPAGATORS` that can be loaded; undefined if there are none. */
function named(environment: Environment): PropagatorName[] | undefined {
  const names = environment.listOf('OTEL_PROPAGATORS', propagatorNames)?.filter((name) => {
    const problem = name in packages ? loadingProblem(packages[name as keyof typeof packages]) : undefined;
    if (problem !== undefined) environment.report(`OTEL_PROPAGATORS: ${name} is skipped: it needs ${problem}`);
    return problem === undefined;
  });
  return names?.length === 0 ? undefined : names;
}

const packages = {
  b3: '@opentelemetry/propagator-b3',
  b3multi: '@opentelemetry/propagator-b3',
  jaeger: '@opentelemetry/propagator-jaeger',
  xray: '@opentelemetry/propagator-aws-xray',
} as const;

function compose(list: readonly (PropagatorName | TextMapPropagator)[]): TextMapPropagator {
  const wanted = new Set(list);
  wanted.delete('none');
  const both = wanted.has('tracecontext') && wanted.delete('baggage');
  // In the given order: the last one that finds a trace in a message is used.
  const propagators = [...wanted].map((each) => {
    if (typeof each !== 'string') return each;
    return both && each === 'tracecontext' ? mqtracePropagator : create(each);
  });
  return propagators.length === 1 && propagators[0] ? propagators[0] : composite(propagators);
}

function create(name: PropagatorName): TextMapPropagator {
  const wantedBy = `propagator ${name}`;
  if (name === 'tracecontext') return half(['traceparent', 'tracestate'], propagation.deleteBaggage);
  if (name === 'baggage') return half(['baggage'], trace.deleteSpan);
  if (name === 'jaeger') return new (loadOptional(packages.jaeger, wantedBy).JaegerPropagator)();
  if (name === 'xray') return new (loadOptional(packages.xray, wantedBy).AWSXRayPropagator)();
  const { B3Propagator, B3InjectEncoding } = loadOptional(packages.b3, wantedBy);
  const { SINGLE_HEADER, MULTI_HEADER } = B3InjectEncoding;
  return new B3Propagator({ injectEncoding: name === 'b3' ? SINGLE_HEADER : MULTI_HEADER });
}

/** Combines several propagators: each reads from and writes to the same carrier, in this order. */
function composite(propagators: readonly TextMapPropagator[]): TextMapPropagator {
  return {
    inject: (context, carrier, setter) => {
      for (const each of propagators) guard('inject', () => each.inject(context, carrier, setter));
    },
    extract: (context, carrier, getter) => {
      let current = context;
      for (const each of propagators) {
        guard('extract', () => {
          // A propagator in JavaScript may forget to return a context.
          const extracted = each.extract(current, carrier, getter) as Context | undefined;
          current = extracted ?? current;
        });
      }
      return current;
    },
    fields: () => [...new Set(propagators.flatMap((each) => each.fields()))],
  };
}

/** A fault in one propagator does not stop the others. */
function guard(what: string, call: () => void): void {
  try {
    call();
  } catch (error) {
    reportFault(`${what} of a propagator`, error);
  }
}

/** The propagator of mqtrace limited to trace context or baggage. */
function half(names: readonly string[], without: (context: Context) => Context): TextMapPropagator {
  return {
    inject: (context, carrier, setter) => mqtracePropagator.inject(without(context), carrier, setter),
    extract: (context, carrier, getter) =>
      mqtracePropagator.extract(context, carrier, {
        keys: (of) => getter.keys(of),
        get: (of, name) => (names.includes(name) ? getter.get(of, name) : undefined),
      }),
    fields: () => [...names],
  };
}

function isList<T>(value: TextMapPropagator | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
