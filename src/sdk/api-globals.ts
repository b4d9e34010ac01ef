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

/** What is to be registered with the OpenTelemetry API; what is left out stays as it is. @internal */
export interface Registration {
  readonly provider?: TracerProvider | undefined;
  readonly propagator: TextMapPropagator;
  readonly contextManager?: ContextManager | undefined;
  /** Whether the application chose these two, rather than getting the defaults. */
  readonly chosen: { readonly propagator: boolean; readonly contextManager: boolean };
}

type Slot = 'diag' | 'trace' | 'propagation' | 'context';

/** The registration made last, and whether its tracing was shut down since. */
let current: { readonly registration: Registration; over: boolean } | undefined;

/**
 * Whether something is registered. The API cannot be asked, and trying logs an error with a stack; the symbol is the API's own
 * contract between its copies, the same for all of 1.x.
 *
 * @internal
 */
export function isRegistered(slot: Slot): boolean {
  return registered(slot) !== undefined;
}

function registered(slot: Slot): unknown {
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
      : 'a tracer provider is registered already';
    warn(
      `${who}: spans made through the OpenTelemetry API, by wrappers for instance, go there, and only those made ` +
        `through the object that this startTracing() returned are exported by it. Shut the first one down before, or pass ` +
        `{ register: false } if this is meant.`,
    );
  } else if (provider) {
    trace.setGlobalTracerProvider(provider);
    current = { registration, over: false };
  }

  if (!isRegistered('propagation')) propagation.setGlobalPropagator(propagator);
  else if (chosen.propagator) warn('a propagator is registered already and stays; the chosen one is not used');

  if (contextManager === undefined) return;
  if (!isRegistered('context')) {
    callHook('enable() of a context manager', () => answered(contextManager.enable()));
    context.setGlobalContextManager(contextManager);
  } else if (chosen.contextManager) warn('a context manager is registered already and stays');
}

/** Marks the provider as shut down. It stays registered until the next one comes, so that spans ending late are noticed. @internal */
export function registrationOver(provider: TracerProvider): void {
  if (current?.registration.provider === provider) current.over = true;
}

/** Unregisters what is still ours. */
function unregister({ provider, propagator, contextManager }: Registration): void {
  // By its method: the API may be there twice, as CommonJS and as ES modules, and each copy has a class of its own.
  const proxy = registered('trace') as { getDelegate?: () => TracerProvider } | undefined;
  if (proxy?.getDelegate?.() === provider) trace.disable();
  if (registered('propagation') === propagator) propagation.disable();
  if (contextManager !== undefined && registered('context') === contextManager) context.disable();
  current = undefined;
}
