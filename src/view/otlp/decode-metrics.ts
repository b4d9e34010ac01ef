// Decodes OTLP metrics.
import { ProtobufReader } from '../../common/protobuf-reader.ts';
import { serviceName } from './decode-traces.ts';

/** One data point of a gauge, sum or explicit histogram. */
export interface MetricPoint {
  service: string;
  name: string;
  unit: string;
  attributes: Map<string, string | number | boolean>;
  /** Milliseconds since the epoch. */
  time: number;
  /** The value of a gauge or sum. */
  value: number | undefined;
  /** The data of a histogram. */
  histogram: { count: number; sum: number; bounds: number[]; counts: number[] } | undefined;
  /** Whether each point is an increment instead of a total. */
  delta: boolean;
}

const maxBuckets = 512;
const maxText = 256;

/**
 * Decodes an `ExportMetricsServiceRequest` point by point; metrics whose name `wanted` rejects are skipped.
 *
 * @throws RangeError if the bytes are not such a message.
 */
export function decodeMetrics(
  request: Buffer,
  wanted: (name: string) => boolean,
  onPoint: (point: MetricPoint) => void,
): void {
  const reader = new ProtobufReader(request);
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const bytes = reader.bytes();
    const service = serviceName(firstOf(bytes, 1));
    const resourceMetrics = new ProtobufReader(bytes);
    while (resourceMetrics.next()) {
      if (resourceMetrics.field !== 2) {
        resourceMetrics.skip();
        continue;
      }
      const scope = resourceMetrics.message();
      while (scope.next()) {
        if (scope.field === 2) readMetric(scope.bytes(), service, wanted, onPoint);
        else scope.skip();
      }
    }
  }
}

/** The first length-delimited field with this number; empty if there is none. */
function firstOf(message: Buffer, field: number): Buffer {
  const reader = new ProtobufReader(message);
  while (reader.next()) {
    if (reader.field === field) return reader.bytes();
    reader.skip();
  }
  return Buffer.alloc(0);
}

function readMetric(
  metric: Buffer,
  service: string,
  wanted: (name: string) => boolean,
  onPoint: (point: MetricPoint) => void,
): void {
  const name = text(firstOf(metric, 1));
  if (!wanted(name)) return;
  const unit = text(firstOf(metric, 3));
  const reader = new ProtobufReader(metric);
  while (reader.next()) {
    const { field } = reader;
    if (field !== 5 && field !== 7 && field !== 9) {
      reader.skip();
      continue;
    }
    const data = reader.bytes();
    const delta = temporality(data) === 1;
    const points = new ProtobufReader(data);
    while (points.next()) {
      if (points.field !== 1) {
        points.skip();
        continue;
      }
      const point: MetricPoint = {
        service,
        name,
        unit,
        attributes: new Map(),
        time: 0,
        value: undefined,
        histogram: undefined,
        delta,
      };
      if (field === 9) readHistogram(points.message(), point);
      else readNumber(points.message(), point);
      onPoint(point);
    }
  }
}

function temporality(data: Buffer): number {
  const reader = new ProtobufReader(data);
  while (reader.next()) {
    if (reader.field === 2) return reader.varint();
    reader.skip();
  }
  return 0;
}

function readNumber(reader: ProtobufReader, point: MetricPoint): void {
  while (reader.next()) {
    if (reader.field === 3) point.time = Number(reader.fixed64()) / 1e6;
    else if (reader.field === 4) point.value = reader.double();
    else if (reader.field === 6) point.value = Number(BigInt.asIntN(64, reader.fixed64()));
    else if (reader.field === 7) readAttribute(reader.message(), point.attributes);
    else reader.skip();
  }
}

function readHistogram(reader: ProtobufReader, point: MetricPoint): void {
  const histogram: NonNullable<MetricPoint['histogram']> = { count: 0, sum: 0, bounds: [], counts: [] };
  while (reader.next()) {
    if (reader.field === 3) point.time = Number(reader.fixed64()) / 1e6;
    else if (reader.field === 4) histogram.count = Number(reader.fixed64());
    else if (reader.field === 5) histogram.sum = reader.double();
    else if (reader.field === 6) numbers(reader, histogram.counts, (at) => Number(at.fixed64()));
    else if (reader.field === 7) numbers(reader, histogram.bounds, (at) => at.double());
    else if (reader.field === 9) readAttribute(reader.message(), point.attributes);
    else reader.skip();
  }
  point.histogram = histogram;
}

/** Reads 8-byte numbers, packed into one field or as separate fields. */
function numbers(reader: ProtobufReader, into: number[], read: (reader: ProtobufReader) => number): void {
  if (!reader.hasLength) {
    const value = read(reader);
    if (into.length < maxBuckets) into.push(value);
    return;
  }
  const { start, end } = reader.range();
  const packed = reader.part(start, end);
  while (packed.position < end && into.length < maxBuckets) into.push(read(packed));
}

function readAttribute(reader: ProtobufReader, into: Map<string, string | number | boolean>): void {
  let key = '';
  while (reader.next()) {
    if (reader.field === 1) key = text(reader.bytes());
    else if (reader.field === 2) {
      const value = reader.message();
      while (value.next()) {
        if (value.field === 1) into.set(key, text(value.bytes()));
        else if (value.field === 2) into.set(key, value.varint() !== 0);
        else if (value.field === 3) into.set(key, Number(value.int64()));
        else if (value.field === 4) into.set(key, value.double());
        else value.skip();
      }
    } else reader.skip();
  }
}

function text(bytes: Buffer): string {
  return bytes.toString('utf8', 0, Math.min(bytes.length, maxText));
}
