// Leaves OpenTelemetry's globals to the application when it registers its own provider, propagator or context manager.
import { context, propagation, trace, type TracerProvider } from '@opentelemetry/api';
import { warn } from '../common/warnings.ts';
import { guard, replaceClassMethod } from '../messaging/index.ts';
import { type ApiSlot, takeBack } from '../sdk/api-globals.ts';
import type { Tracing } from '../sdk/tracing.ts';
import { loadEsModules } from './es-modules.ts';
import { type Class, classFile, watchFiles } from './module-loads.ts';
import { TracerHandOver } from './tracer-hand-over.ts';

/** For each part of the API: its file, its class, and the method that registers something. */
const parts: readonly [slot: ApiSlot, file: string, className: string, method: string][] = [
  ['trace', 'trace', 'TraceAPI', 'setGlobalTracerProvider'],
  ['propagation', 'propagation', 'PropagationAPI', 'setGlobalPropagator'],
  ['context', 'context', 'ContextAPI', 'setGlobalContextManager'],
];

/**
 * Lets the application register its own parts, though those of `mqtrace/register` are there: the API itself would refuse. With its
 * provider, the tracing of `mqtrace/register` exports its spans and ends, and later spans are created by that provider, also those of
 * clients that exist. So the application's settings apply, whichever was loaded first.
 */
export function endWhenOwnSdkStarts(tracing: Tracing): void {
  const { provider } = tracing;
  const tracers = new TracerHandOver(provider);
  const end = (next: TracerProvider): void => {
    tracers.to(next);
    void tracing.shutdown();
    warn(
      'the application has started an OpenTelemetry SDK of its own, so that mqtrace/register has ended its tracing; all later spans ' +
        'go to that SDK. MQTRACE_SDK=off keeps mqtrace/register from starting one',
    );
  };
  /** Copies of the API whose classes are changed: with ES modules there may be two. */
  const changed = new Set<object>();
  const makeWay = (slot: ApiSlot, method: string, prototype: object): void => {
    if (changed.has(prototype)) return;
    changed.add(prototype);
    replaceClassMethod(
      prototype,
      method,
      (raw) =>
        function set(this: unknown, ...args: unknown[]): unknown {
          const putBack = guard("leaving OpenTelemetry's globals to the application", () => takeBack(provider, slot));
          const result = raw.apply(this, args);
          if (putBack === undefined) return result;
          guard("leaving OpenTelemetry's globals to the application", () => {
            // The API refuses parts of another version of itself.
            if (result === false) putBack();
            else if (slot === 'trace') end(args[0] as TracerProvider);
          });
          return result;
        },
    );
  };
  const own = { trace, propagation, context };
  for (const [slot, file, className, method] of parts) {
    makeWay(slot, method, Object.getPrototypeOf(own[slot]) as object);
    const loaded = ({ prototype }: Class): void => makeWay(slot, method, prototype);
    watchFiles(
      [`build/src/api/${file}.js`, `dist/api/${file}.cjs`].map((path) =>
        classFile('@opentelemetry/api', path, className, loaded),
      ),
    );
    loadEsModules([
      {
        name: '@opentelemetry/api',
        main: 'dist/index.cjs',
        path: `dist/api/${file}.mjs`,
        loaded: (exports) => loaded(exports[className] as Class),
      },
    ]);
  }
}
