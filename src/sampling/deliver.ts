import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** Where a span goes once it is decided on. @internal */
export type Deliver = (span: ReadableSpan) => void;
