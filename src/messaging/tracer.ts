// Gets mqtrace's tracer from a provider.
import { trace, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { describe } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { version } from '../common/version.ts';

/** Returns the tracer of mqtrace's spans. It throws if the provider fails, and calls the provider again the next time. */
export type TracerSource = () => Tracer;

/**
 * Creates a source of the provider's tracer, and gets the tracer immediately: if the provider fails, that is a fault of tracing,
 * not an error of the call that wraps a client.
 *
 * @param provider - default: the registered one. The API's own provider returns a tracer that delegates to a provider registered
 *   later.
 * @param schemaUrl - the schema URL of the conventions that the attributes follow.
 */
export function tracerOf(provider: TracerProvider | undefined, schemaUrl?: string): TracerSource {
  let tracer: Tracer | undefined;
  const source = (): Tracer => (tracer ??= ask(provider, schemaUrl));
  try {
    source();
  } catch (error) {
    reportFault('getting a tracer', error);
  }
  return source;
}

/** A source for the given tracer, else for that of the provider that is registered when a span is created. */
export function tracerFrom(given: Tracer | undefined): TracerSource {
  return () => given ?? ask(undefined);
}

function ask(provider: TracerProvider | undefined, schemaUrl?: string): Tracer {
  // `trace.getTracer()` would drop the options.
  const source = provider ?? trace.getTracerProvider();
  const options = schemaUrl === undefined ? undefined : { schemaUrl };
  const tracer: Tracer | null | undefined = answered(source.getTracer('mqtrace', version, options));
  if (typeof tracer?.startSpan !== 'function') throw new TypeError(`getTracer() returned ${describe(tracer)}`);
  return tracer;
}
