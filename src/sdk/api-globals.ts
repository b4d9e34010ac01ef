// Registers tracing with the OpenTelemetry API, and removes it again.
import {
  context,
  type ContextManager,
  propagation,
  type TextMapPropagator,
  trace,
  type TracerProvider,
} from '@opentelemetry/api';
import { answered, callHook } from '../common/faults.ts';
import { warn } from '../common/warnings.ts';

/** The parts to register with the OpenTelemetry API; missing parts are not registered. @internal */
export interface Registration {
  readonly provider?: TracerProvider | undefined;
  readonly propagator: TextMapPropagator;
  readonly contextManager?: ContextManager | undefined;
  /** Whether the application configured these two, instead of using the defaults. */
  readonly chosen: { readonly propagator: boolean; readonly contextManager: boolean };
}

/** A part of the API that `startTracing` registers. @internal */
export type ApiSlot = 'trace' | 'propagation' | 'context';

/** The last registration, and whether its tracing has been shut down. */
let current: { readonly registration: Registration; over: boolean } | undefined;

/**
 * Whether something is registered. The API cannot tell, and trying to register logs an error with a stack. All versions 1.x of the
 * API share this symbol between their copies.
 *
 * @internal
 */
export function isRegistered(slot: ApiSlot | 'diag'): boolean {
  return registered(slot) !== undefined;
}

function registered(slot: ApiSlot | 'diag'): unknown {
  const api = (globalThis as Record<symbol, Record<string, unknown> | undefined>)[Symbol.for('opentelemetry.js.api.1')];
  return api?.[slot];
}

/** Registers each part that is not registered yet, and reports the others on `diag`. @internal */
export function register(registration: Registration): void {
  if (current?.over) unregister(current.registration);
  const { provider, propagator, contextManager, chosen } = registration;

  if (provider && isRegistered('trace')) {
    const ours = current && !current.over;
    const who = ours
      ? 'startTracing() was called before and is still running'
      : 'a tracer provider is already registered';
    warn(
      `${who}: spans created through the OpenTelemetry API, for example by wrappers, go there, and only those created ` +
        `through the object that this startTracing() returned are exported by it. Shut down the first one before, or pass ` +
        `{ register: false } if this is intended.`,
    );
  } else if (provider) {
    trace.setGlobalTracerProvider(provider);
    current = { registration, over: false };
  }

  if (!isRegistered('propagation')) propagation.setGlobalPropagator(propagator);
  else if (chosen.propagator) warn('a propagator is already registered and is kept; the configured one is not used');

  if (contextManager === undefined) return;
  if (!isRegistered('context')) {
    callHook('enable() of a context manager', () => answered(contextManager.enable()));
    context.setGlobalContextManager(contextManager);
  } else if (chosen.contextManager) warn('a context manager is already registered and is kept');
}

/**
 * Marks the provider as shut down. It stays registered until the next one is registered, so that spans that end late are noticed.
 * @internal
 */
export function registrationOver(provider: TracerProvider): void {
  if (current?.registration.provider === provider) current.over = true;
}

/**
 * Unregisters one part of the registration of this provider, so that the application can register its own; with the provider, all
 * parts that are still registered.
 *
 * @returns a function that registers them again. Undefined if the part was not registered.
 * @internal
 */
export function takeBack(provider: TracerProvider, slot: ApiSlot): (() => void) | undefined {
  const registration = current?.registration;
  if (registration?.provider !== provider) return undefined;
  const { propagator, contextManager } = registration;
  if (slot === 'trace') {
    unregister(registration);
    return () => register(registration);
  }
  if (slot === 'propagation') {
    if (registered(slot) !== propagator) return undefined;
    propagation.disable();
    return () => void propagation.setGlobalPropagator(propagator);
  }
  if (contextManager === undefined || registered(slot) !== contextManager) return undefined;
  context.disable();
  return () => {
    contextManager.enable();
    context.setGlobalContextManager(contextManager);
  };
}

/** Unregisters the parts that are still registered by this module. */
function unregister({ provider, propagator, contextManager }: Registration): void {
  // Recognized by its method: the API may be loaded twice, as CommonJS and as ES modules, and each copy has its own class.
  const proxy = registered('trace') as { getDelegate?: () => TracerProvider } | undefined;
  if (proxy?.getDelegate?.() === provider) trace.disable();
  if (registered('propagation') === propagator) propagation.disable();
  if (contextManager !== undefined && registered('context') === contextManager) context.disable();
  current = undefined;
}
