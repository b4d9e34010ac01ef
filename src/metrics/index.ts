// Exports the messaging metrics for OpenTelemetry's metrics SDK.
export {
  type EmptyResource,
  type MqtraceCollection,
  mqtraceMetrics,
  type MqtraceMetricProducer,
  type MqtraceMetricsOptions,
} from './producer.ts';
export { mqtraceInstruments, type MqtraceInstruments, type MqtraceInstrumentsOptions } from './meter.ts';
export type {
  CollectedMetric,
  GaugeMetric,
  HistogramMetric,
  HistogramValue,
  MetricPoint,
  SumMetric,
  Temporality,
} from './reader.ts';
