// Defines the type of the function that receives kept spans.
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** Receives a span after the decision to keep it. @internal */
export type Deliver = (span: ReadableSpan) => void;
