// Selects the propagator that reads and writes headers.
import { propagation, type TextMapPropagator } from '@opentelemetry/api';
import { invalidOption } from '../common/errors.ts';
import { registeredParts } from '../common/registered-parts.ts';
import { fastExtract, fastExtractPlain } from './fast-extract.ts';
import { warnIfLossy } from './lossy-propagator.ts';
import { mqtracePropagator } from './propagator.ts';
import { isStockPropagator } from './stock-propagator.ts';

/**
 * The propagator that writes and reads headers.
 *
 * - `'global'` (default): the one registered with OpenTelemetry's API; if none is registered, mqtrace's own.
 * - `'mqtrace'`: mqtrace's W3C propagator, independent of the registered one.
 * - a `TextMapPropagator`.
 */
export type PropagatorChoice = 'global' | 'mqtrace' | TextMapPropagator;

/** The API's `fields()` are empty without a registered propagator, but may also be empty for a registered one. */
function registered(): unknown {
  return registeredParts()?.propagation;
}

/** The registered propagator, accessed through the API. */
const throughApi: TextMapPropagator = {
  inject: (context, carrier, setter) => propagation.inject(context, carrier, setter),
  extract: (context, carrier, getter) => propagation.extract(context, carrier, getter),
  fields: () => propagation.fields(),
};

function current(): TextMapPropagator {
  const propagator = registered();
  if (propagator === undefined) return mqtracePropagator;
  warnIfLossy(propagator, throughApi);
  return throughApi;
}

/** Uses the propagator that is registered at each call, so that the order of setup does not matter. */
const globalPropagator: TextMapPropagator = {
  inject: (context, carrier, setter) => current().inject(context, carrier, setter),
  extract: (context, carrier, getter) => current().extract(context, carrier, getter),
  fields: () => current().fields(),
};

/**
 * The fast path that currently reads common headers with the same result as this propagator: for mqtrace's own
 * (selected, registered, or used because none is registered) and for the stock one. Undefined for any other.
 * @internal
 */
export function fastExtractFor(propagator: TextMapPropagator): typeof fastExtract | undefined {
  if (propagator === mqtracePropagator) return fastExtract;
  const current = propagator === globalPropagator ? registered() : propagator;
  if (current === undefined || current === mqtracePropagator) return fastExtract;
  return isStockPropagator(current) ? fastExtractPlain : undefined;
}

/**
 * @throws MqtraceError `INVALID_OPTION` if it is not one of these three
 * @internal
 */
export function resolvePropagator(choice: PropagatorChoice | undefined, where: string): TextMapPropagator {
  if (choice === undefined || choice === 'global') return globalPropagator;
  if (choice === 'mqtrace') return mqtracePropagator;
  if (
    typeof choice === 'object' &&
    choice !== null &&
    typeof choice.inject === 'function' &&
    typeof choice.extract === 'function' &&
    // Called for each message, to remove the headers of an earlier hop, and to hide the fields of an entry.
    typeof choice.fields === 'function'
  ) {
    return choice;
  }
  throw invalidOption(
    where,
    choice,
    `'global', 'mqtrace' or a TextMapPropagator with inject(), extract() and fields()`,
  );
}
