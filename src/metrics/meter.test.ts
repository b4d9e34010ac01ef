import { metrics as metricsApi } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, expect, test, vi } from 'vitest';
import { checkMetric } from '../../test-support/conventions/check-metric.ts';
import { consumerLag, messagesInFlight, processDuration, sentMessages } from './instruments.ts';
import { mqtraceInstruments, mqtraceMetrics } from './index.ts';
import { observeLevels } from './levels.ts';
import { MetricsReader } from './reader.ts';
import { addTo, metricsEpoch, recordIn, seriesFor } from './series.ts';

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
  metricsApi.disable();
});

function provided() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
  endings.push(() => provider.shutdown());
  const read = async (): Promise<Record<string, unknown>> => {
    exporter.reset();
    await provider.forceFlush();
    const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
    expect(all.flatMap((metric) => checkMetric(metric as never))).toEqual([]);
    return Object.fromEntries(
      all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints.map(({ value }) => value)]),
    );
  };
  return { provider, read };
}

const attributes = {
  'messaging.system.name': 'kafka',
  'messaging.operation.name': 'send',
  'messaging.destination.name': 'orders',
};

function instruments(...given: Parameters<typeof mqtraceInstruments>): () => void {
  const made = mqtraceInstruments(...given);
  const remove = (): void => made.remove();
  endings.push(remove);
  return remove;
}

function countSome(): void {
  addTo(seriesFor(sentMessages, attributes), 3);
  addTo(seriesFor(messagesInFlight, attributes), 2);
  recordIn(seriesFor(processDuration, attributes), processDuration.boundaries!, 0.2);
}

test('counts and levels are observable instruments of the registered meter provider; histograms are not created', async () => {
  const { provider, read } = provided();
  metricsApi.setGlobalMeterProvider(provider);
  expect(metricsEpoch()).toBe(0);
  const remove = instruments();
  endings.push(observeLevels((note) => note({ definition: consumerLag, attributes, value: 7 })));
  countSome();
  expect(await read()).toEqual({
    'messaging.client.sent.messages': [3],
    'mqtrace.messages.in_flight': [2],
    'mqtrace.consumer.lag': [7],
  });
  remove();
  expect(metricsEpoch()).toBe(0);
});

test('histograms are recorded by the API if selected, with the buckets of their kind', async () => {
  const { provider, read } = provided();
  const remove = instruments({ meterProvider: provider, histograms: true });
  countSome();
  countSome();
  const histogram = expect.objectContaining({ count: 2, sum: 0.4 }) as object;
  expect(await read()).toMatchObject({ 'messaging.process.duration': [histogram] });
  const series = seriesFor(processDuration, attributes);
  remove();
  expect(series.forward).toBeUndefined();
});

test('with a metric producer the instruments report nothing, and a warning says so', async () => {
  const error = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { provider, read } = provided();
  instruments({ meterProvider: provider, histograms: true });
  const reader = new MetricsReader('cumulative');
  countSome();
  expect(await read()).toEqual({});
  reader.close();
  expect(String(error.mock.calls)).toContain('mqtraceInstruments() tells nothing');
  countSome();
  expect(await read()).toMatchObject({ 'messaging.client.sent.messages': [6] });
  expect(mqtraceMetrics).toBeTypeOf('function');
});

test.each([
  [{ meterprovider: 1 }, 'did you mean "meterProvider"'],
  [{ meterProvider: {} }, 'a MeterProvider'],
  [{ histograms: 1 }, 'histograms'],
  [{ maxSeries: 0 }, 'maxSeries'],
])('wrong options throw: %o', (options, message) => {
  expect(() => mqtraceInstruments(options as never)).toThrow(message);
  expect(metricsEpoch()).toBe(0);
});
