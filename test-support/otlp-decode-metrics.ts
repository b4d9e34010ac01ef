// Decodes metrics in either encoding of OTLP, as a collector would see them.
import { attributes, type KeyValue, type ReceivedAttributes } from './otlp-decode.ts';
import { metricsRequestType } from './otlp-schema.ts';

/** One series of a metric at one time, as a collector sees it. */
export interface ReceivedPoint {
  readonly resource: ReceivedAttributes;
  readonly scope: string;
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly kind: 'sum' | 'gauge' | 'histogram';
  readonly temporality: 'delta' | 'cumulative' | 'unspecified';
  readonly isMonotonic: boolean;
  readonly attributes: ReceivedAttributes;
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  /** Only for a sum and a gauge. */
  readonly value: number;
  /** Only for a histogram. */
  readonly count: number;
  readonly sum: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly bucketCounts: readonly number[];
  readonly explicitBounds: readonly number[];
}

type Long = string | number;

/** The common shape of both encodings. */
interface Request {
  resourceMetrics?: {
    resource?: { attributes?: KeyValue[] };
    scopeMetrics?: { scope?: { name?: string }; metrics?: Metric[] }[];
  }[];
}

interface Metric {
  name?: string;
  description?: string;
  unit?: string;
  sum?: { dataPoints?: Point[]; aggregationTemporality?: number; isMonotonic?: boolean };
  gauge?: { dataPoints?: Point[]; aggregationTemporality?: undefined; isMonotonic?: undefined };
  histogram?: { dataPoints?: Point[]; aggregationTemporality?: number; isMonotonic?: undefined };
}

interface Point {
  attributes?: KeyValue[];
  startTimeUnixNano?: Long;
  timeUnixNano?: Long;
  asInt?: Long;
  count?: Long;
  sum?: number;
  min?: number;
  max?: number;
  bucketCounts?: Long[];
  explicitBounds?: number[];
}

/** Decodes an `ExportMetricsServiceRequest`. Throws if it is not one. */
export function decodeMetrics(body: Buffer, json: boolean): ReceivedPoint[] {
  const request = json
    ? (JSON.parse(body.toString()) as Request)
    : (metricsRequestType.toObject(metricsRequestType.decode(body), { longs: String }) as Request);
  return (request.resourceMetrics ?? []).flatMap(({ resource, scopeMetrics }) =>
    (scopeMetrics ?? []).flatMap(({ scope, metrics }) =>
      (metrics ?? []).flatMap((metric) => pointsOf(metric, attributes(resource?.attributes), scope?.name ?? '')),
    ),
  );
}

const temporalities = ['unspecified', 'delta', 'cumulative'] as const;

function pointsOf(metric: Metric, resource: ReceivedAttributes, scope: string): ReceivedPoint[] {
  const { name = '', description = '', unit = '', sum, gauge, histogram } = metric;
  const data = sum ?? gauge ?? histogram;
  return (data?.dataPoints ?? []).map((point) => ({
    resource,
    scope,
    name,
    description,
    unit,
    kind: sum !== undefined ? 'sum' : gauge !== undefined ? 'gauge' : 'histogram',
    temporality: temporalities[data?.aggregationTemporality ?? 0] ?? 'unspecified',
    isMonotonic: data?.isMonotonic === true,
    attributes: attributes(point.attributes),
    startTimeUnixNano: BigInt(point.startTimeUnixNano ?? 0),
    timeUnixNano: BigInt(point.timeUnixNano ?? 0),
    value: Number(point.asInt ?? 0),
    count: Number(point.count ?? 0),
    sum: point.sum,
    min: point.min,
    max: point.max,
    bucketCounts: (point.bucketCounts ?? []).map(Number),
    explicitBounds: point.explicitBounds ?? [],
  }));
}
