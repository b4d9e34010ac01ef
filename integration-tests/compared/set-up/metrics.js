// A meter provider whose values can be read by the names of destinations.
import { createRequire } from 'node:module';

/** @param require - finds the metrics SDK; that of this project, if it is omitted */
export function readMetrics(metricProducers, require = createRequire(import.meta.url)) {
  const {
    AggregationTemporality,
    InMemoryMetricExporter,
    MeterProvider,
    PeriodicExportingMetricReader,
  } = require('@opentelemetry/sdk-metrics');
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000, metricProducers });
  const meterProvider = new MeterProvider({ readers: [reader] });

  /** The values of the metrics whose names match, by destination; undefined names are omitted. */
  async function metricsOf(pattern) {
    exporter.reset();
    await meterProvider.forceFlush();
    const values = {};
    for (const { scopeMetrics } of exporter.getMetrics()) {
      for (const { descriptor, dataPoints } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        if (!pattern.test(descriptor.name)) continue;
        for (const { attributes, value } of dataPoints) values[attributes['messaging.destination.name']] = value;
      }
    }
    return values;
  }
  return { meterProvider, metricsOf };
}
