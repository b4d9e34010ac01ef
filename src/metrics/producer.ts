// Hands mqtrace's metrics to the application's own metrics SDK.
import type { Attributes } from '@opentelemetry/api';
import { checkNames, checkOneOf, checkWhole } from '../common/check-options.ts';
import { reportFault } from '../common/faults.ts';
import { version } from '../common/version.ts';
import { observe } from './levels.ts';
import { type CollectedMetric, MetricsReader, type Temporality } from './reader.ts';

/** Options of {@link mqtraceMetrics}. */
export interface MqtraceMetricsOptions {
  /**
   * Whether each collection tells what was counted since the start or since the collection before it. A reader does not tell what
   * it wants: choose what its exporter sends. Prometheus takes `cumulative` only. Default `cumulative`.
   */
  readonly temporality?: Temporality | undefined;
  /**
   * Series that each metric may have, for the whole process; further ones are counted together, with `_OTHER` as destination,
   * group, server and error. Default 1000.
   */
  readonly maxSeries?: number | undefined;
}

/** The resource of what is collected: an empty one, because the reader puts in that of its own provider. */
export interface EmptyResource {
  readonly attributes: Attributes;
  // oxlint-disable-next-line typescript/no-explicit-any -- stands for the Resource of any SDK
  merge(other: any): any;
  // oxlint-disable-next-line typescript/no-explicit-any -- its form is the SDK's
  getRawAttributes(): any[];
}

/** `CollectionResult` of OpenTelemetry's SDK. */
export interface MqtraceCollection {
  readonly resourceMetrics: {
    readonly resource: EmptyResource;
    readonly scopeMetrics: {
      readonly scope: { readonly name: string; readonly version: string };
      readonly metrics: CollectedMetric[];
    }[];
  };
  readonly errors: unknown[];
}

/** `MetricProducer` of OpenTelemetry's SDK, for the `metricProducers` of a reader. */
export interface MqtraceMetricProducer {
  /** What has been counted. Never rejects: the reader would lose everything else with it. */
  collect(): Promise<MqtraceCollection>;
}

const resource: EmptyResource = {
  attributes: {},
  merge: (other: unknown): unknown => other ?? resource,
  getRawAttributes: () => [],
};

/**
 * Gives the messaging metrics of all traced clients to a reader of OpenTelemetry's metrics SDK, 2.x or 3.x:
 * `new PeriodicExportingMetricReader({ exporter, metricProducers: [mqtraceMetrics()] })`, or the same with a `PrometheusExporter`.
 * From this call on messages are counted, sampled or not. Each reader needs a producer of its own. Views of the application's meter
 * provider do not apply.
 *
 * https://opentelemetry.io/docs/specs/otel/metrics/sdk/#metricproducer
 *
 * @throws MqtraceError `INVALID_OPTION` for unknown names and wrong values.
 */
export function mqtraceMetrics(options: MqtraceMetricsOptions = {}): MqtraceMetricProducer {
  checkNames('mqtraceMetrics(options)', options, ['temporality', 'maxSeries']);
  const { temporality, maxSeries } = options;
  if (temporality !== undefined) {
    checkOneOf(['cumulative', 'delta'])(temporality, 'mqtraceMetrics({ temporality })', options);
  }
  if (maxSeries !== undefined) checkWhole(1)(maxSeries, 'mqtraceMetrics({ maxSeries })', options);
  const reader = new MetricsReader(temporality ?? 'cumulative', maxSeries);
  return { collect: () => observe().then(() => collectFrom(reader)) };
}

function collectFrom(reader: MetricsReader): MqtraceCollection {
  try {
    const { metrics, commit } = reader.collect();
    commit();
    return resultOf(metrics, []);
  } catch (error) {
    reportFault('collecting metrics', error);
    return resultOf([], [error]);
  }
}

function resultOf(metrics: CollectedMetric[], errors: unknown[]): MqtraceCollection {
  const scopeMetrics = metrics.length === 0 ? [] : [{ scope: { name: 'mqtrace', version }, metrics }];
  return { resourceMetrics: { resource, scopeMetrics }, errors };
}
