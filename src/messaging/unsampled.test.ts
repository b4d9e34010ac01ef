import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, test, vi } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { type StartTracingOptions, startTracing, type Tracing } from '../sdk/index.ts';
import { Messaging, runHandler, startProcessing, startSending } from './index.ts';
import { readIncoming } from './testing/read-incoming.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const received = { traceparent: `00-${traceId}-b7ad6b7169203331-00`, tracestate: 'a=1', baggage: 'tenant=a' };
const exporter = new InMemorySpanExporter();
let tracing: Tracing;

afterEach(async () => {
  await tracing.shutdown();
  exporter.reset();
  vi.restoreAllMocks();
});

function start(options: StartTracingOptions = {}): void {
  tracing = startTracing({
    environment: 'ignore',
    export: {
      protocol: 'none',
    },
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...options,
  });
}

/** Processes an unsampled message and sends two messages; returns the number of requested spans and the sent headers. */
function relay(messaging: Messaging): {
  asked: number;
  sent: (Record<string, unknown> | undefined)[];
  tenant: string | undefined;
} {
  const startSpan = vi.spyOn(messaging.tracer(), 'startSpan');
  const destination = { name: 'orders' };
  const operation = startProcessing(
    messaging,
    { name: 'process' },
    readIncoming(messaging, kafkaHeaders, received, { destination }),
  );
  const { sent, tenant } = runHandler(operation, () => {
    const sending = startSending(
      messaging,
      kafkaHeaders,
      { name: 'send' },
      [
        { destination, headers: {} },
        { destination, headers: {} },
      ],
      context.active(),
    );
    sending.operation.end();
    return { sent: sending.headers, tenant: propagation.getActiveBaggage()?.getEntry('tenant')?.value };
  });
  return { asked: startSpan.mock.calls.length, sent, tenant };
}

test('below an unsampled parent no span is requested; trace, state and baggage are propagated', () => {
  start();
  expect(relay(new Messaging('kafka', 'test', {}))).toEqual({ asked: 0, sent: [received, received], tenant: 'a' });
});

test('if everything is recorded to keep errors, spans are created', () => {
  start({ sampling: { keepErrors: true } });
  expect(relay(new Messaging('kafka', 'test', {})).asked).toBe(4);
});

test('an unsampled root still starts a trace', () => {
  start({ sampling: { sampler: { ratio: 0 } } });
  const messaging = new Messaging('kafka', 'test', {});
  const { headers } = startSending(
    messaging,
    kafkaHeaders,
    { name: 'send' },
    [{ destination: { name: 'orders' }, headers: {} }],
    ROOT_CONTEXT,
  );
  expect(headers[0]?.['traceparent']).toMatch(/-00$/);
});

test('another provider is always called', () => {
  start();
  const tracerProvider = { getTracer: (name: string) => trace.getTracer(name) };
  expect(relay(new Messaging('kafka', 'test', { tracerProvider })).asked).toBe(4);
});
