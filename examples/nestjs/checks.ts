// Starts tracing without an export, sends messages in spans of their own, and checks that each is one trace.
import { type SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { withBaggage } from 'mqtrace';
import { startTracing } from 'mqtrace/sdk';
import { seen } from './names.js';

export const ended: { name: string; kind: SpanKind; traceId: string; failed: boolean }[] = [];
const tracing = startTracing({
  serviceName: 'nest',
  environment: 'ignore',
  export: { protocol: 'none' },
  spanProcessors: [
    {
      onStart() {},
      onEnd: (span) =>
        void ended.push({
          name: span.name,
          kind: span.kind,
          traceId: span.spanContext().traceId,
          failed: span.status.code === SpanStatusCode.ERROR,
        }),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
  ],
});

export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`gave up: ${JSON.stringify({ seen, ended })}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Sends within a span, with its name as the tenant. Returns the trace and the result. */
export async function send<T>(name: string, fn: () => Promise<T>): Promise<[traceId: string, result: T]> {
  return await tracing.span(name, async (span): Promise<[string, T]> => [
    span.spanContext().traceId,
    await withBaggage({ tenant: name }, fn),
  ]);
}

/**
 * @param expected - the trace and the tenant of each handler.
 * @param answer - the reply to the request for a price.
 */
export function check(expected: Readonly<Record<string, [traceId: string, tenant: string]>>, answer: unknown): void {
  const actual = Object.fromEntries(seen.map(([handler, traceId, tenant]) => [handler, [traceId, tenant]]));
  for (const [handler, [traceId, tenant]] of Object.entries(expected)) {
    if (actual[handler]?.[0] !== traceId || actual[handler]?.[1] !== tenant)
      throw new Error(`${handler} is in another trace: ${JSON.stringify({ expected, actual, ended }, undefined, 1)}`);
  }
  const traces = new Set(Object.values(expected).map(([traceId]) => traceId));
  const outside = ended.filter(({ traceId }) => !traces.has(traceId));
  if (outside.length > 0) throw new Error(`spans outside of the traces: ${JSON.stringify(outside)}`);
  if ((answer as { price?: unknown }).price !== 70) throw new Error(`another answer: ${JSON.stringify(answer)}`);
  console.log(`ok: ${traces.size} traces with ${ended.length} spans`);
}

export function run(main: () => Promise<void>): void {
  void main()
    .then(() => tracing.shutdown())
    .then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
}
