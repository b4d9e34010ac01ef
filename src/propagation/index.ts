// Exports trace context and baggage propagation, based on the carriers.
export { type BaggageKey, baggage, baggageKey, type BaggageSetOptions } from './baggage-entries.ts';
export { BaggageManager, processBaggage } from './baggage-manager.ts';
export type { BaggagePolicy, BaggageRules } from './baggage-policy.ts';
export { captureContext, type CapturedContext, restoreContext, withCapturedContext } from './captured-context.ts';
export { type PropagatorChoice } from './current-propagator.ts';
export { extractEnvironment, injectEnvironment } from './environment.ts';
export { extract, inject, type PropagationOptions } from './inject-extract.ts';
export { mqtracePropagator } from './propagator.ts';
export type { Trust, TrustLevel, TrustRules } from './trust.ts';
export { getBaggage, withBaggage } from './with-baggage.ts';
