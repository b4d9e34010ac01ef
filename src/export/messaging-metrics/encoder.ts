// Encodes metrics as an OTLP export request.
import type { ProtobufWriter } from '../../common/protobuf-writer.ts';
import type { CollectedMetric, HistogramValue, MetricPoint } from '../../metrics/index.ts';
import { writeAttributes } from '../attribute-writer.ts';
import { type InstrumentationScope, type Resource, writeResource, writeScope } from '../otlp-encoder.ts';

// Tags as in otlp-encoder.ts. The field numbers are those of opentelemetry/proto/metrics/v1/metrics.proto.

/** Metrics with their resource and scope. @internal */
export interface MetricsRequest {
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  readonly metrics: readonly CollectedMetric[];
}

/** AggregationTemporality of OTLP, for that of the SDK. @internal */
export const otlpTemporality = { 0: 1, 1: 2 } as const;

const twoTo32 = 2 ** 32;

/** A whole number as fixed64 or, two's complement, sfixed64. */
function writeFixed64(writer: ProtobufWriter, value: number): void {
  writer.fixed32(value >>> 0);
  writer.fixed32(Math.floor(value / twoTo32) >>> 0);
}

function writeTimes(writer: ProtobufWriter, { startTime, endTime }: MetricPoint<unknown>): void {
  writer.byte(0x11);
  writer.time(startTime[0], startTime[1]);
  writer.byte(0x19);
  writer.time(endTime[0], endTime[1]);
}

function writeDouble(writer: ProtobufWriter, tag: number, value: number): void {
  writer.byte(tag);
  writer.double(value);
}

function writeNumberPoint(writer: ProtobufWriter, point: MetricPoint<number>): void {
  writer.byte(0x0a);
  const start = writer.open(2);
  writeTimes(writer, point);
  writer.byte(0x31);
  writeFixed64(writer, point.value);
  writeAttributes(writer, 0x3a, point.attributes);
  writer.close(start, 2);
}

function writeHistogramPoint(writer: ProtobufWriter, point: MetricPoint<HistogramValue>): void {
  const { count, sum, min, max, buckets } = point.value;
  writer.byte(0x0a);
  const start = writer.open(2);
  writeTimes(writer, point);
  writer.byte(0x21);
  writeFixed64(writer, count);
  writeDouble(writer, 0x29, sum);
  writer.byte(0x32);
  writer.varint(buckets.counts.length * 8);
  for (const each of buckets.counts) writeFixed64(writer, each);
  writer.byte(0x3a);
  writer.varint(buckets.boundaries.length * 8);
  for (const each of buckets.boundaries) writer.double(each);
  writeAttributes(writer, 0x4a, point.attributes);
  if (min !== undefined) writeDouble(writer, 0x59, min);
  if (max !== undefined) writeDouble(writer, 0x61, max);
  writer.close(start, 2);
}

function writeText(writer: ProtobufWriter, tag: number, text: string): void {
  writer.byte(tag);
  writer.string(text);
}

/** Of the data of a histogram, a gauge and a sum. */
const dataTags = { 0: 0x4a, 2: 0x2a, 3: 0x3a } as const;

function writeMetric(writer: ProtobufWriter, metric: CollectedMetric): void {
  const { name, description, unit } = metric.descriptor;
  writer.byte(0x12);
  const start = writer.open(2);
  writeText(writer, 0x0a, name);
  writeText(writer, 0x12, description);
  writeText(writer, 0x1a, unit);
  writer.byte(dataTags[metric.dataPointType]);
  const data = writer.open(2);
  if (metric.dataPointType === 0) for (const point of metric.dataPoints) writeHistogramPoint(writer, point);
  else for (const point of metric.dataPoints) writeNumberPoint(writer, point);
  if (metric.dataPointType !== 2) {
    writer.byte(0x10);
    writer.byte(otlpTemporality[metric.aggregationTemporality]);
  }
  if (metric.dataPointType === 3 && metric.isMonotonic) {
    writer.byte(0x18);
    writer.byte(1);
  }
  writer.close(data, 2);
  writer.close(start, 2);
}

/** An ExportMetricsServiceRequest in protobuf; a copy, which no later call changes. @internal */
export function encodeMetrics(writer: ProtobufWriter, { resource, scope, metrics }: MetricsRequest): Buffer {
  writer.position = 0;
  writer.byte(0x0a);
  const start = writer.open(2);
  writeResource(writer, resource);
  writer.byte(0x12);
  const scopeStart = writer.open(2);
  writeScope(writer, scope);
  for (const metric of metrics) writeMetric(writer, metric);
  writer.close(scopeStart, 2);
  writer.close(start, 2);
  return Buffer.from(writer.buffer.subarray(0, writer.position));
}
