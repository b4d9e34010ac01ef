// For applications: propagation without a wrapper.
export {
  extract,
  getBaggage,
  inject,
  type PropagationOptions,
  type PropagatorChoice,
  withBaggage,
} from './propagation/index.ts';
export { mqtracePropagator } from './propagation/index.ts';
// For diagnosis.
export { errorCodes, MqtraceError, type MqtraceErrorCode } from './errors.ts';
export { tracingFaults } from './faults.ts';
export { type RefusalReason, refusalReasons, refusals } from '../carriers/index.ts';
