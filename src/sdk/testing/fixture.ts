// Starts tracing, collectors and servers for one test.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, diag, propagation, trace } from '@opentelemetry/api';
import { afterEach, vi } from 'vitest';
import { type OtlpReceiver, startOtlpReceiver } from '../../../test-support/otlp-receiver.ts';
import { startTracing, type StartTracingOptions, type Tracing } from '../index.ts';

const running: { close(): unknown }[] = [];

/** Closes a resource at the end of the test, for any outcome. */
export function closeLater<T extends { close(): unknown }>(closable: T): T {
  running.push(closable);
  return closable;
}

/** Starts tracing for the rest of the test. */
export function start(options: StartTracingOptions): Tracing {
  const tracing = startTracing(options);
  closeLater({ close: () => tracing.shutdown() });
  return tracing;
}

/** A collector for the rest of the test. */
export async function receiver(): Promise<OtlpReceiver> {
  return closeLater(await startOtlpReceiver());
}

/** The URL of a server with the given handler, for the rest of the test. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closeLater({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Must be called once by a test file: resets the global state after each test. */
export function cleanUpAfterEach(): void {
  afterEach(async () => {
    for (const each of running.splice(0).reverse()) await each.close();
    for (const api of [trace, context, propagation, diag]) api.disable();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
}
