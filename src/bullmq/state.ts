// What is kept in a context between the calls that BullMQ makes for one operation.
import { type Context, createContextKey } from '@opentelemetry/api';

/** The metadata to store with a job, or the metadata that came with the job being processed. */
const metadataKey = createContextKey('mqtrace bullmq metadata');

/** @internal */
export function withMetadata(context: Context, metadata: string): Context {
  return context.setValue(metadataKey, metadata);
}

/** Empty for none: then BullMQ stores none. @internal */
export function metadataOf(context: Context): string {
  const metadata = context.getValue(metadataKey);
  return typeof metadata === 'string' ? metadata : '';
}
