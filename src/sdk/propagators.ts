import { type Context, propagation, type TextMapPropagator, trace } from '@opentelemetry/api';
import { CompositePropagator } from '@opentelemetry/core';
import { mqtracePropagator } from '../propagation/index.ts';
import type { Environment } from '../config/environment.ts';
import { loadOptional } from '../config/optional-package.ts';
import { type PropagatorName, propagatorNames } from '../config/names.ts';
import type { StartTracingOptions } from './options.ts';

/**
 * The propagator to register. `none` gives one that does nothing, which is registered all the same: without any, wrappers
 * would use their own.
 *
 * @throws MqtraceError `MISSING_DEPENDENCY` for a named one whose package is not installed.
 * @internal
 */
export function choosePropagator(options: StartTracingOptions, environment: Environment): TextMapPropagator {
  const named = environment.listOf('OTEL_PROPAGATORS', propagatorNames);
  const chosen = environment.settle<TextMapPropagator | readonly PropagatorName[]>(options.propagator, named);
  if (chosen === undefined) return mqtracePropagator;
  return isNames(chosen) ? compose(chosen) : chosen;
}

function compose(names: readonly PropagatorName[]): TextMapPropagator {
  const wanted = new Set(names);
  wanted.delete('none');
  const propagators: TextMapPropagator[] = [];
  if (wanted.has('tracecontext') && wanted.has('baggage')) {
    propagators.push(mqtracePropagator);
    wanted.delete('tracecontext');
    wanted.delete('baggage');
  }
  for (const name of wanted) propagators.push(create(name));
  return propagators.length === 1 && propagators[0] ? propagators[0] : new CompositePropagator({ propagators });
}

function create(name: PropagatorName): TextMapPropagator {
  const wantedBy = `propagator ${name}`;
  if (name === 'tracecontext') return half(['traceparent', 'tracestate'], propagation.deleteBaggage);
  if (name === 'baggage') return half(['baggage'], trace.deleteSpan);
  if (name === 'jaeger') return new (loadOptional('@opentelemetry/propagator-jaeger', wantedBy).JaegerPropagator)();
  if (name === 'xray') return new (loadOptional('@opentelemetry/propagator-aws-xray', wantedBy).AWSXRayPropagator)();
  const { B3Propagator, B3InjectEncoding } = loadOptional('@opentelemetry/propagator-b3', wantedBy);
  const { SINGLE_HEADER, MULTI_HEADER } = B3InjectEncoding;
  return new B3Propagator({ injectEncoding: name === 'b3' ? SINGLE_HEADER : MULTI_HEADER });
}

/** mqtrace's propagator reduced to one of its two concerns. */
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

function isNames(value: TextMapPropagator | readonly PropagatorName[]): value is readonly PropagatorName[] {
  return Array.isArray(value);
}
