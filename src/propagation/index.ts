export { type PropagatorChoice } from './current-propagator.ts';
export { extract, inject, type PropagationOptions } from './inject-extract.ts';
export { mqtracePropagator } from './propagator.ts';
export { getBaggage, withBaggage } from './with-baggage.ts';
