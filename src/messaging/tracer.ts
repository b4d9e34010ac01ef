// Gets mqtrace's tracer from a provider.
import { trace, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { describe } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { delegateOf, registeredProvider } from '../common/registered-parts.ts';
import { version } from '../common/version.ts';

/** Returns the tracer of mqtrace's spans. It throws if the provider fails, and calls the provider again the next time. */
export type TracerSource = () => Tracer;

/**
 * Creates a source of the provider's tracer, and gets the tracer immediately: if the provider fails, that is a fault of tracing,
 * not an error of the call that wraps a client.
 *
 * @param provider - default: the registered one, also if another one is registered later: the API's own tracers would stay with
 *   the first one, while the one that is registered now decides which spans are recorded.
 * @param schemaUrl - the schema URL of the conventions that the attributes follow.
 */
export function tracerOf(provider: TracerProvider | undefined, schemaUrl?: string): TracerSource {
  const source = provider === undefined ? ofRegistered(schemaUrl) : ofGiven(provider, schemaUrl);
  try {
    source();
  } catch (error) {
    reportFault('getting a tracer', error);
  }
  return source;
}

function ofGiven(provider: TracerProvider, schemaUrl: string | undefined): TracerSource {
  let tracer: Tracer | undefined;
  return () => (tracer ??= ask(provider, schemaUrl));
}

function ofRegistered(schemaUrl: string | undefined): TracerSource {
  let tracer: Tracer | undefined;
  let asked: TracerProvider | undefined;
  return () => {
    const current = delegateOf(registeredProvider());
    if (tracer === undefined || current !== asked) {
      tracer = ask(undefined, schemaUrl);
      asked = current;
    }
    return tracer;
  };
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
