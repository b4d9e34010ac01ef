// Says on a span that a message carries much baggage.
import { type Attributes, type Context, propagation } from '@opentelemetry/api';
import { baggageHeader } from '../propagation/w3c-baggage.ts';
import { ATTR_BAGGAGE_SIZE } from './semconv.ts';

/** Less than this, in bytes, is nothing to look into. */
const leastBytes = 1024;

/** The bytes of the baggage that a received message carries, where it is much. */
export function baggageSize(context: Context): Attributes | undefined {
  const baggage = propagation.getBaggage(context);
  if (baggage === undefined) return undefined;
  const bytes = Buffer.byteLength(baggageHeader(baggage));
  return bytes < leastBytes ? undefined : { [ATTR_BAGGAGE_SIZE]: bytes };
}
