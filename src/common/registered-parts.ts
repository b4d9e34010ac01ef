// Reads the parts that are registered with OpenTelemetry's API, which looks each of them up again at every call.
import { trace, type TracerProvider } from '@opentelemetry/api';

/** The parts that API 1.x stores, by the name of their API. */
interface RegisteredParts {
  readonly version?: unknown;
  readonly context?: unknown;
  readonly propagation?: unknown;
  readonly trace?: unknown;
}

/** The property in which API 1.x stores registered parts. */
const apiGlobals = Symbol.for('opentelemetry.js.api.1');

/** @internal */
export function registeredParts(): RegisteredParts | undefined {
  return (globalThis as { [apiGlobals]?: RegisteredParts | undefined })[apiGlobals];
}

let asked: unknown;
let askedVersion: unknown;
let answer: TracerProvider | undefined;

/** The same as `trace.getTracerProvider()`. @internal */
export function registeredProvider(): TracerProvider {
  const parts = registeredParts();
  if (answer !== undefined && parts?.trace === asked && parts?.version === askedVersion) return answer;
  asked = parts?.trace;
  askedVersion = parts?.version;
  answer = trace.getTracerProvider();
  return answer;
}

/**
 * The provider behind the API's proxy. It is recognized by its method, because the API may be loaded twice, as ESM and CommonJS.
 *
 * @internal
 */
export function delegateOf(provider: TracerProvider): TracerProvider {
  const proxy = provider as TracerProvider & { getDelegate?: () => TracerProvider };
  return typeof proxy.getDelegate === 'function' ? proxy.getDelegate() : provider;
}
