// Gets mqtrace's tracer from a provider.
import { trace, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { describe } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { version } from '../common/version.ts';

/** Gives the tracer of mqtrace's spans. It throws where the provider fails, and asks it again the next time. */
export type TracerSource = () => Tracer;

/**
 * A source for the tracer of a provider, which is asked for it at once: a provider that fails is a fault of tracing, not of the call
 * that wraps a client.
 *
 * @param provider - default: the registered one. The API's own provider gives a tracer that follows whatever is registered later.
 * @param schemaUrl - that of the conventions which the attributes follow.
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

/** A source for the tracer given, else for the one of the provider that is registered at the time of each span. */
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
