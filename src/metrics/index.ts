// Metrics of messaging for OpenTelemetry's metrics SDK.
export {
  type EmptyResource,
  type MqtraceCollection,
  mqtraceMetrics,
  type MqtraceMetricProducer,
  type MqtraceMetricsOptions,
} from './producer.ts';
export type {
  CollectedMetric,
  HistogramMetric,
  HistogramValue,
  MetricPoint,
  SumMetric,
  Temporality,
} from './reader.ts';
