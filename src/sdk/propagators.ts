import type { TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import type { Environment } from './environment.ts';
import { loadOptional } from './optional-package.ts';
import { propagatorNames, type PropagatorName, type StartTracingOptions } from './options.ts';

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
  if (chosen === undefined) return compose(['tracecontext', 'baggage']);
  return isNames(chosen) ? compose(chosen) : chosen;
}

function compose(names: readonly PropagatorName[]): TextMapPropagator {
  const propagators = [...new Set(names)].flatMap((name) => (name === 'none' ? [] : [create(name)]));
  return new CompositePropagator({ propagators });
}

function create(name: Exclude<PropagatorName, 'none'>): TextMapPropagator {
  const wantedBy = `propagator ${name}`;
  if (name === 'tracecontext') return new W3CTraceContextPropagator();
  if (name === 'baggage') return new W3CBaggagePropagator();
  if (name === 'jaeger') return new (loadOptional('@opentelemetry/propagator-jaeger', wantedBy).JaegerPropagator)();
  if (name === 'xray') return new (loadOptional('@opentelemetry/propagator-aws-xray', wantedBy).AWSXRayPropagator)();
  const { B3Propagator, B3InjectEncoding } = loadOptional('@opentelemetry/propagator-b3', wantedBy);
  const { SINGLE_HEADER, MULTI_HEADER } = B3InjectEncoding;
  return new B3Propagator({ injectEncoding: name === 'b3' ? SINGLE_HEADER : MULTI_HEADER });
}

function isNames(value: TextMapPropagator | readonly PropagatorName[]): value is readonly PropagatorName[] {
  return Array.isArray(value);
}
