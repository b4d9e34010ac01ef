// Provides the metrics of mqtrace to the application's metrics SDK.
import type { Attributes } from '@opentelemetry/api';
import { checkNames, checkOneOf, checkWhole } from '../common/check-options.ts';
import { reportFault } from '../common/faults.ts';
import { version } from '../common/version.ts';
import { observe } from './levels.ts';
import { type CollectedMetric, MetricsReader, type Temporality } from './reader.ts';

/** Options of {@link mqtraceMetrics}. */
export interface MqtraceMetricsOptions {
  /**
   * Whether each collection contains the counts since the start or since the previous collection. A reader does not pass its
   * temporality to producers: choose that of its exporter. Prometheus requires `cumulative`. Default `cumulative`.
   */
  readonly temporality?: Temporality | undefined;
  /**
   * Maximum series per metric in the process; further ones are counted together, with `_OTHER` as destination, group, server and
   * error. Default 1000.
   */
  readonly maxSeries?: number | undefined;
}

/** The resource of collected metrics: empty, because the reader uses that of its own provider. */
export interface EmptyResource {
  readonly attributes: Attributes;
  // oxlint-disable-next-line typescript/no-explicit-any -- the Resource of any SDK
  merge(other: any): any;
  // oxlint-disable-next-line typescript/no-explicit-any -- a type of the SDK
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
  /** Returns the current metrics. Never rejects, because the reader would then lose all other metrics. */
  collect(): Promise<MqtraceCollection>;
}

const resource: EmptyResource = {
  attributes: {},
  merge: (other: unknown): unknown => other ?? resource,
  getRawAttributes: () => [],
};

/**
 * Provides the messaging metrics of all traced clients to a reader of OpenTelemetry's metrics SDK, 2.x or 3.x: `new
 * PeriodicExportingMetricReader({ exporter, metricProducers: [mqtraceMetrics()] })`, or the same with a `PrometheusExporter`. From
 * this call on messages are counted, sampled or not. Each reader needs a separate producer. Views of the application's meter
 * provider do not apply.
 *
 * https://opentelemetry.io/docs/specs/otel/metrics/sdk/#metricproducer
 *
 * @throws MqtraceError `INVALID_OPTION` for unknown names and invalid values.
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
