// Options of traceHandler() and traceFetch().
import type { TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import { checkBoolean, checkMethods, checkNames } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { tracerOf, type TracerSource } from '../messaging/index.ts';
import { resolvePropagator } from '../propagation/current-propagator.ts';
import type { PropagatorChoice } from '../propagation/index.ts';
import { knownMethods } from './semconv.ts';

/** Options of both ends of a pipeline. */
export interface TraceHttpOptions {
  /** The provider that creates spans. Default: the provider registered with OpenTelemetry's API, now or later. */
  tracerProvider?: TracerProvider | undefined;
  /** The propagator that reads and writes headers. Default `'global'`. */
  propagator?: PropagatorChoice | undefined;
  /** Creates a span even if OpenTelemetry's instrumentation of HTTP creates one too. Default false. */
  force?: boolean | undefined;
}

/** @internal */
export interface HttpTracing {
  tracer: TracerSource;
  provider: TracerProvider | undefined;
  propagator: TextMapPropagator;
  force: boolean;
  /** HTTP methods that are recorded by name. */
  methods: ReadonlySet<string>;
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
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw invalidOption(`${where} options`, options, 'an object');
  checkNames(where, options, ['tracerProvider', 'propagator', 'force', ...more]);
  const { tracerProvider, propagator, force = false } = options;
  if (tracerProvider !== undefined) {
    checkMethods(tracerProvider, `${where}({ tracerProvider })`, ['getTracer'], 'a TracerProvider');
  }
  checkBoolean(force, `${where}({ force })`);
  return {
    tracer: tracerOf(tracerProvider),
    provider: tracerProvider,
    propagator: resolvePropagator(propagator, `${where}({ propagator })`),
    force,
    methods: knownMethods(),
  };
}
