import { Agent } from 'node:http';
import { context, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect, test, vi } from 'vitest';
import { CollectedMetrics } from '../sdk/testing/collected-metrics.ts';
import { cleanUpAfterEach, receiver } from '../sdk/testing/fixture.ts';
import { MqtraceSpanProcessor } from './mqtrace-span-processor.ts';

cleanUpAfterEach();

test("exports for the application's own provider, with counters and metrics", async () => {
  const collector = await receiver();
  const collected = new CollectedMetrics();
  const exporting = new MqtraceSpanProcessor({ endpoint: collector.url, meterProvider: collected.provider });
  const provider = new NodeTracerProvider({ spanProcessors: [exporting] });
  const tracer = provider.getTracer('own');
  tracer.startSpan('first').end();
  await provider.forceFlush();
  expect(collector.spans).toMatchObject([{ name: 'first' }]);
  tracer.startSpan('second').end();
  await provider.shutdown();
  expect(collector.spans).toMatchObject([{ name: 'first' }, { name: 'second' }]);
  expect(exporting.stats()).toMatchObject([{ ended: 2, exported: 2, droppedTotal: 0 }]);
  const found = await collected.collect();
  expect(found['otel.sdk.span.started']).toMatchObject([{ value: 2 }]);
  expect(found['otel.sdk.exporter.span.exported']).toMatchObject([{ value: 2 }]);
});

test('accepts only options of the export', () => {
  const wrong = { serviceName: 'orders' };
  expect(() => new MqtraceSpanProcessor(wrong as object)).toThrow(/unknown option "serviceName"/);
  expect(() => new MqtraceSpanProcessor({ concurrency: 0 })).toThrow(/MqtraceSpanProcessor\(\{ concurrency \}\)/);
});

test('does nothing with OTEL_SDK_DISABLED', async () => {
  const collector = await receiver();
  vi.stubEnv('OTEL_SDK_DISABLED', 'true');
  const provider = new NodeTracerProvider({ spanProcessors: [new MqtraceSpanProcessor({ endpoint: collector.url })] });
  provider.getTracer('own').startSpan('work').end();
  await provider.shutdown();
  expect(collector.requests).toEqual([]);
});

test('waits for resource detection, regardless of the number of batches', async () => {
  const collector = await receiver();
  let detected: (value: string) => void = () => undefined;
  const id = new Promise<string>((resolve) => {
    detected = resolve;
  });
  const resource = resourceFromAttributes({ 'service.name': 'slow', 'host.id': id });
  const exporting = new MqtraceSpanProcessor({ endpoint: collector.url, maxBatchSpans: 10 });
  const provider = new NodeTracerProvider({ resource, spanProcessors: [exporting] });
  const tracer = provider.getTracer('own');
  for (let i = 0; i < 35; i++) tracer.startSpan('work').end();
  const flushed = exporting.flush({ timeoutMs: 50 });
  expect(await flushed).toEqual({ exported: 0, left: 35, dropped: 0 });
  expect(collector.requests).toEqual([]);
  detected('abc');
  await provider.shutdown();
  expect(collector.spans).toHaveLength(35);
  for (const span of collector.spans) expect(span.resource).toMatchObject({ 'host.id': 'abc' });
  // There were more spans than fit in one request.
  expect(collector.requests.length).toBeGreaterThan(3);
});

test('its own requests are made with tracing suppressed, so they create no spans', async () => {
  const collector = await receiver();
  const suppressed: boolean[] = [];
  class Watching extends Agent {
    override createConnection(...given: Parameters<Agent['createConnection']>): ReturnType<Agent['createConnection']> {
      suppressed.push(isTracingSuppressed(context.active()));
      return super.createConnection(...given);
    }
  }
  const exporting = new MqtraceSpanProcessor({
    endpoint: collector.url,
    maxBatchSpans: 1,
    httpAgentOptions: () => {
      suppressed.push(isTracingSuppressed(context.active()));
      return new Watching();
    },
  });
  const provider = new NodeTracerProvider({ spanProcessors: [exporting] });
  provider.register();
  const tracer = trace.getTracer('own');
  tracer.startActiveSpan('outer', (outer) => {
    tracer.startSpan('work').end();
    outer.end();
  });
  await provider.shutdown();
  expect(suppressed).toEqual([true, true, true]);
  expect(collector.spans).toHaveLength(2);
});
