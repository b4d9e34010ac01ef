// The type of the function that takes kept spans.
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** Where a span goes once it is decided on. @internal */
export type Deliver = (span: ReadableSpan) => void;
