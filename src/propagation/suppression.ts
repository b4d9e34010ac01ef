import { type Context, createContextKey } from '@opentelemetry/api';

// The SDK's own key: context keys are made with Symbol.for, so the same description is the same key, without importing the SDK.
/** @internal */
export const suppressTracing: symbol = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Whether this context asks for no tracing (OpenTelemetry's `suppressTracing`), as exporters do for their own requests. @internal */
export function isTracingSuppressed(context: Context): boolean {
  return context.getValue(suppressTracing) === true;
}
