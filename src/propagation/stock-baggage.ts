// Writes the `baggage` header as the stock W3C baggage propagator does.
import type { Baggage } from '@opentelemetry/api';
import { isUnreserved } from './baggage-codec.ts';

/** The limits of the stock propagator. */
const pairsAtMost = 180;
const pairLength = 4096;
const headerLength = 8192;

/** As `encodeURIComponent`, which takes several times as long for text that it does not change. */
function encoded(text: string): string {
  return isUnreserved(text) ? text : encodeURIComponent(text);
}

/**
 * The header for baggage; empty if there is nothing to send. Undefined for entries that are not text, which types forbid.
 *
 * @throws Error like the stock propagator, for a lone surrogate, or from the metadata.
 * @internal
 */
export function stockBaggageHeader(baggage: Baggage): string | undefined {
  let header = '';
  let pairs = 0;
  for (const [key, { value, metadata }] of baggage.getAllEntries()) {
    if (typeof key !== 'string' || typeof value !== 'string') return undefined;
    let pair = `${encoded(key)}=${encoded(value)}`;
    if (metadata !== undefined) {
      const text: unknown = metadata.toString();
      if (typeof text !== 'string') return undefined;
      pair += `;${text}`;
    }
    // Those beyond the limits are omitted, and may be followed by others that fit.
    if (pair.length > pairLength || pairs === pairsAtMost) continue;
    pairs++;
    const longer = header === '' ? pair : `${header},${pair}`;
    if (longer.length <= headerLength) header = longer;
  }
  return header;
}
