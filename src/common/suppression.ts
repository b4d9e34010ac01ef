// Marks a context in which nothing is to be traced, as OpenTelemetry's SDK does.
import { type Context, createContextKey } from '@opentelemetry/api';

/** The SDK's key: the API makes the same symbol of the same text, in every copy. @internal */
export const suppressionKey: symbol = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Whether this context asks for no tracing (OpenTelemetry's `suppressTracing`), as exporters do for their own requests. @internal */
export function isTracingSuppressed(context: Context): boolean {
  return context.getValue(suppressionKey) === true;
}

/** The same context, in which nothing is traced. @internal */
export function suppressTracing(context: Context): Context {
  return context.setValue(suppressionKey, true);
}
