// Writes metrics in OTLP's JSON form.
import type { Attributes, HrTime } from '@opentelemetry/api';
import type { CollectedMetric, MetricPoint } from '../../metrics/index.ts';
import type { JsonAttribute, JsonValue } from '../otlp-json.ts';
import { type MetricsRequest, otlpTemporality } from './encoder.ts';

/** An ExportMetricsServiceRequest in JSON: 64-bit numbers are strings there. @internal */
export function metricsToJson({ resource, scope, metrics }: MetricsRequest): object {
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesToJson(resource.attributes) },
        scopeMetrics: [{ scope: { name: scope.name, version: scope.version }, metrics: metrics.map(metricToJson) }],
      },
    ],
  };
}

function metricToJson(metric: CollectedMetric): object {
  const { name, description, unit } = metric.descriptor;
  const aggregationTemporality = otlpTemporality[metric.aggregationTemporality];
  if (metric.dataPointType !== 0) {
    const dataPoints = metric.dataPoints.map((point) => ({ ...common(point), asInt: String(point.value) }));
    if (metric.dataPointType === 2) return { name, description, unit, gauge: { dataPoints } };
    return { name, description, unit, sum: { dataPoints, aggregationTemporality, isMonotonic: metric.isMonotonic } };
  }
  const dataPoints = metric.dataPoints.map((point) => {
    const { count, sum, min, max, buckets } = point.value;
    return {
      ...common(point),
      count: String(count),
      sum,
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
      bucketCounts: buckets.counts.map(String),
      explicitBounds: buckets.boundaries,
    };
  });
  return { name, description, unit, histogram: { dataPoints, aggregationTemporality } };
}

function common({ startTime, endTime, attributes }: MetricPoint<unknown>): object {
  return {
    startTimeUnixNano: nanos(startTime),
    timeUnixNano: nanos(endTime),
    attributes: attributesToJson(attributes),
  };
}

function nanos([seconds, rest]: HrTime): string {
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(Math.trunc(rest)));
}

function attributesToJson(attributes: Attributes): JsonAttribute[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: valueToJson(value) }],
  );
}

function valueToJson(value: unknown): JsonValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(valueToJson) } };
  if (typeof value !== 'number') return {};
  if (Number.isSafeInteger(value)) return { intValue: String(value) };
  return { doubleValue: Number.isFinite(value) ? value : String(value) };
}
