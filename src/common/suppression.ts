// Marks contexts in which tracing is suppressed, in the way of OpenTelemetry's SDK.
import { type Context, createContextKey } from '@opentelemetry/api';

/** The SDK's key: the API creates the same symbol for the same text in every copy. @internal */
export const suppressionKey: symbol = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/**
 * Whether tracing is suppressed in this context (OpenTelemetry's `suppressTracing`), as exporters do for their own requests.
 * @internal
 */
export function isTracingSuppressed(context: Context): boolean {
  return context.getValue(suppressionKey) === true;
}

/** The same context with tracing suppressed. @internal */
export function suppressTracing(context: Context): Context {
  return context.setValue(suppressionKey, true);
}
