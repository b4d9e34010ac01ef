// Records on a span the size of large baggage.
import { type Context, propagation } from '@opentelemetry/api';
import { baggageHeader } from '../propagation/w3c-baggage.ts';
import type { Operation } from './operation.ts';
import { ATTR_BAGGAGE_SIZE } from './semconv.ts';

/** The size in bytes from which it is recorded. */
const leastBytes = 1024;

/** Sets the size of a received message's baggage in bytes, if it is large. */
export function putBaggageSize(operation: Operation, context: Context): void {
  const baggage = propagation.getBaggage(context);
  if (baggage === undefined) return;
  const bytes = Buffer.byteLength(baggageHeader(baggage));
  if (bytes >= leastBytes) operation.put(ATTR_BAGGAGE_SIZE, bytes);
}
