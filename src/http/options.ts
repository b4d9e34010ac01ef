import { type TracerProvider, type TextMapPropagator, trace, type Tracer } from '@opentelemetry/api';
import { invalidOption, unknownOption } from '../common/errors.ts';
import type { PropagatorChoice } from '../propagation/index.ts';
import { resolvePropagator } from '../propagation/current-propagator.ts';
import { version } from '../common/version.ts';

/** Options of both ends of a pipeline. */
export interface TraceHttpOptions {
  /** Where spans come from. Default: the provider registered with OpenTelemetry's API, now or later. */
  tracerProvider?: TracerProvider | undefined;
  /** Which propagator reads and writes headers. Default `'global'`. */
  propagator?: PropagatorChoice | undefined;
  /** Make a span even where an auto-instrumentation of HTTP is at work and makes its own. Default false. */
  force?: boolean | undefined;
}

/** @internal */
export interface HttpTracing {
  tracer: Tracer;
  propagator: TextMapPropagator;
  force: boolean;
}

/**
 * @throws MqtraceError `INVALID_OPTION`
 * @internal
 */
export function resolveHttpOptions(
  where: string,
  options: TraceHttpOptions,
  more: readonly string[] = [],
): HttpTracing {
  if (typeof options !== 'object' || options === null) throw invalidOption(`${where} options`, options, 'an object');
  const known = ['tracerProvider', 'propagator', 'force', ...more];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw unknownOption(where, unknown, known);
  }
  const { tracerProvider, propagator, force = false } = options;
  if (tracerProvider !== undefined && typeof tracerProvider?.getTracer !== 'function') {
    throw invalidOption(`${where}({ tracerProvider })`, tracerProvider, 'a TracerProvider');
  }
  if (typeof force !== 'boolean') throw invalidOption(`${where}({ force })`, force, 'true or false');
  return {
    tracer: (tracerProvider ?? trace).getTracer('mqtrace', version),
    propagator: resolvePropagator(propagator, `${where}({ propagator })`),
    force,
  };
}
