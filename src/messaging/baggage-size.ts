// Records on a span the size of large baggage.
import { type Attributes, type Context, propagation } from '@opentelemetry/api';
import { baggageHeader } from '../propagation/w3c-baggage.ts';
import { ATTR_BAGGAGE_SIZE } from './semconv.ts';

/** The size in bytes from which it is recorded. */
const leastBytes = 1024;

/** The size of a received message's baggage in bytes, if it is large. */
export function baggageSize(context: Context): Attributes | undefined {
  const baggage = propagation.getBaggage(context);
  if (baggage === undefined) return undefined;
  const bytes = Buffer.byteLength(baggageHeader(baggage));
  return bytes < leastBytes ? undefined : { [ATTR_BAGGAGE_SIZE]: bytes };
}
