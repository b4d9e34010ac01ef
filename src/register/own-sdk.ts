// Ends the tracing of mqtrace/register when the application starts an OpenTelemetry SDK itself.
import { warn } from '../common/warnings.ts';
import { guard, replaceClassMethod } from '../messaging/index.ts';
import { unregisterTracing } from '../sdk/api-globals.ts';
import type { Tracing } from '../sdk/tracing.ts';
import { classFile, type PackageFile, watchFiles } from './module-loads.ts';

/**
 * Watches for the application's own SDK. When it starts, the tracing of `mqtrace/register` exports its spans and ends, and its provider,
 * propagator and context manager are removed. So the application's settings apply to all later spans, whichever was loaded first.
 */
export function endWhenOwnSdkStarts(tracing: Tracing): void {
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    if (!unregisterTracing(tracing.provider)) return;
    void tracing.shutdown();
    warn(
      'the application has started an OpenTelemetry SDK of its own, so that mqtrace/register has ended its tracing; all spans of ' +
        'clients created from now on go to that SDK. MQTRACE_SDK=off keeps mqtrace/register from starting one',
    );
  };
  const before = (name: string) => (raw: (this: unknown, ...args: unknown[]) => unknown) =>
    ({
      [name](this: unknown, ...args: unknown[]): unknown {
        guard('ending the tracing of mqtrace/register', end);
        return raw.apply(this, args);
      },
    })[name]!;
  const watched = (name: string, path: string, className: string, method: string): PackageFile =>
    classFile(name, path, className, ({ prototype }) => replaceClassMethod(prototype, method, before(method)));
  watchFiles([
    watched('@opentelemetry/sdk-node', 'build/src/sdk.js', 'NodeSDK', 'start'),
    // Version 3 of the SDK. Its ES module is not loaded as CommonJS, so it is not noticed.
    watched('@opentelemetry/sdk-node', 'dist/sdk.cjs', 'NodeSDK', 'start'),
    watched('@opentelemetry/sdk-trace-node', 'build/src/NodeTracerProvider.js', 'NodeTracerProvider', 'register'),
  ]);
}
