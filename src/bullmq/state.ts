// Stores state in a context between the calls of BullMQ for one operation.
import { type Context, createContextKey } from '@opentelemetry/api';

/** The metadata to store with a job, or that of the job being processed. */
const metadataKey = createContextKey('mqtrace bullmq metadata');

/** @internal */
export function withMetadata(context: Context, metadata: string): Context {
  return context.setValue(metadataKey, metadata);
}

/** Empty if there is none: then BullMQ stores none. @internal */
export function metadataOf(context: Context): string {
  const metadata = context.getValue(metadataKey);
  return typeof metadata === 'string' ? metadata : '';
}
