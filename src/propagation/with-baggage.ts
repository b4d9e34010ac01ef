// Reads and extends the active baggage.
import { type Baggage, type BaggageEntry, type Context, propagation } from '@opentelemetry/api';
import { activeContext } from '../common/active-context.ts';
import { runIn } from './run-in.ts';
import { emptyBaggage } from './w3c-baggage.ts';

/**
 * The baggage of a context, as OpenTelemetry's type; empty if there is none, never undefined.
 *
 * @param context - default: the active context.
 */
export function getBaggage(context: Context = activeContext()): Baggage {
  return propagation.getBaggage(context) ?? emptyBaggage;
}

/**
 * Runs `fn` with these entries merged into the active baggage, and returns its result. Every message sent in it, also after an
 * `await`, carries them.
 *
 * @param entries - values by key; an entry may be an object with metadata; `undefined` removes the key. Keys are tokens
 *   (W3C Baggage 3.3.1.1): letters, digits and ``!#$%&'*+-.^_`|~``; others are dropped.
 */
export function withBaggage<R>(entries: Record<string, string | BaggageEntry | undefined>, fn: () => R): R {
  const active = activeContext();
  let baggage = getBaggage(active);
  for (const [key, value] of Object.entries(entries ?? {})) {
    if (value === undefined || value === null) baggage = baggage.removeEntry(key);
    else baggage = baggage.setEntry(key, typeof value === 'object' ? value : { value: String(value) });
  }
  return runIn(propagation.setBaggage(active, baggage), fn, 'withBaggage');
}
