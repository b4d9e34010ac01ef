import { metrics as api } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, test, vi } from 'vitest';
import { checkMetric } from '../../test-support/conventions/check-metric.ts';
import { tracingFaults } from '../common/faults.ts';
import { mqtraceMetrics } from './index.ts';
import * as instruments from './instruments.ts';
import { MetricsReader } from './reader.ts';
import { addTo, recordIn, seriesFor } from './series.ts';

const attributesOf = (destination: string) => ({
  'messaging.system.name': 'kafka',
  'messaging.operation.name': 'send',
  'messaging.destination.name': destination,
});

// A producer lives as long as the process, so each test uses a different destination.
function count(destination: string): void {
  const attributes = attributesOf(destination);
  addTo(seriesFor(instruments.sentMessages, attributes), 3);
  addTo(seriesFor(instruments.messagesInFlight, attributes), 1);
  const { operationDuration } = instruments;
  recordIn(seriesFor(operationDuration, attributes), operationDuration.boundaries!, 0.02);
}

test('a periodic reader of the metrics SDK exports them together with the metrics of the application', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 3_600_000,
    metricProducers: [mqtraceMetrics()],
  });
  const provider = new MeterProvider({ readers: [reader] });
  provider.getMeter('app').createCounter('orders').add(1);
  count('periodic');
  await provider.forceFlush();
  const scopes = exporter.getMetrics()[0]!.scopeMetrics;
  expect(scopes.map(({ scope }) => scope.name)).toEqual(['app', 'mqtrace']);
  const ours = scopes[1]!.metrics;
  expect(ours.map(({ descriptor }) => descriptor.name)).toEqual([
    'messaging.client.sent.messages',
    'mqtrace.messages.in_flight',
    'messaging.client.operation.duration',
  ]);
  expect(ours.flatMap((metric) => checkMetric(metric as never))).toEqual([]);
  await provider.shutdown();
});

test('a Prometheus exporter shows them', async () => {
  const exporter = new PrometheusExporter({ preventServerStart: true, metricProducers: [mqtraceMetrics()] });
  const provider = new MeterProvider({ readers: [exporter] });
  count('prometheus');
  const text = await new Promise<string>((resolve) => {
    const response = { statusCode: 0, setHeader: () => undefined, end: resolve };
    exporter.getMetricsRequestHandler({} as never, response as never);
  });
  const labels =
    'messaging_system_name="kafka",messaging_operation_name="send",messaging_destination_name="prometheus"';
  expect(text).toContain(`messaging_client_sent_messages_total{${labels}`);
  expect(text).toMatch(/^# TYPE messaging_client_sent_messages_total counter$/m);
  expect(text).toMatch(/^mqtrace_messages_in_flight\{.*"prometheus".*\} 1$/m);
  expect(text).toMatch(/^messaging_client_operation_duration_count\{.*"prometheus".*\} 1$/m);
  expect(text).toMatch(/^messaging_client_operation_duration_sum\{.*"prometheus".*\} 0\.02$/m);
  expect(text).toMatch(/^messaging_client_operation_duration_bucket\{.*"prometheus".*le="0.01"\} 0$/m);
  expect(text).toMatch(/^messaging_client_operation_duration_bucket\{.*"prometheus".*le="0.025"\} 1$/m);
  await provider.shutdown();
  api.disable();
});

test('a producer that fails internally never rejects, which would fail the whole export', async () => {
  const producer = mqtraceMetrics();
  const broken = vi.spyOn(MetricsReader.prototype, 'collect').mockImplementation(() => {
    throw new Error('broken');
  });
  const before = tracingFaults();
  const result = await producer.collect();
  expect(result.resourceMetrics.scopeMetrics).toEqual([]);
  expect(result.errors).toEqual([new Error('broken')]);
  expect(tracingFaults()).toBe(before + 1);
  broken.mockRestore();
});

test.each([
  [{ temporality: 'both' }, /expected one of cumulative, delta/],
  [{ maxSeries: 0 }, /a whole number of 1 or more/],
  [{ tempo: 'delta' }, /tempo/],
])('%o is rejected', (options, message) => {
  expect(() => mqtraceMetrics(options as never)).toThrow(message);
});

test('every metric is defined by the conventions or documented', () => {
  const problems = Object.values(instruments).flatMap((each) => {
    if (typeof each !== 'object' || !('kind' in each)) return [];
    const { name, unit, kind } = each;
    return checkMetric({ descriptor: { name, unit, type: kind }, dataPoints: [] });
  });
  expect(problems).toEqual([]);
});
