// Makes what sends metrics, from the options and environment variables.
import { type MetricsDestination as Target, resolveMetricsDestinations } from '../../config/destinations.ts';
import { Environment } from '../../config/environment.ts';
import { redactUrl } from '../../config/redact-url.ts';
import { version } from '../../common/version.ts';
import { warn } from '../../common/warnings.ts';
import type { Temporality } from '../../metrics/index.ts';
import { settleOtlpTransport } from '../create-destinations.ts';
import type { DestinationOptions, ExportOptions } from '../export-options.ts';
import type { Resource } from '../otlp-encoder.ts';
import { createOtlpSender, type TransportOptions } from '../otlp-senders.ts';
import type { Sender } from '../sender.ts';
import { ConsoleMetricsSender } from './console-sender.ts';
import { MetricsDestination } from './destination.ts';
import { MetricsExport } from './export.ts';

/** How metrics are counted and sent. */
export interface MetricsOptions {
  /** Milliseconds from one export to the next. Default 60000. Variable: `OTEL_METRIC_EXPORT_INTERVAL`. */
  readonly intervalMs?: number | undefined;
  /** Milliseconds that one export may take, with further attempts. Default 30000. Variable: `OTEL_METRIC_EXPORT_TIMEOUT`. */
  readonly exportTimeoutMs?: number | undefined;
  /**
   * Whether each export tells what was counted since the start, or since the export before it. Default `cumulative`.
   * Variable: `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`.
   */
  readonly temporality?: Temporality | undefined;
  /** Series that each metric may have, for the whole process; further ones are counted together as `_OTHER`. Default 1000. */
  readonly maxSeries?: number | undefined;
}

/**
 * Sends messaging metrics to the destinations that spans have, as far as these take metrics. Undefined where there are none.
 *
 * @internal
 */
export function createMetricsExport(
  metrics: MetricsOptions,
  options: ExportOptions,
  environment: Environment,
  resource: Resource,
): MetricsExport | undefined {
  const preferred = environment.oneOf('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', [
    'cumulative',
    'delta',
    'lowmemory',
  ]);
  const temporality = environment.settle(
    metrics.temporality,
    // Counters and histograms of this package are what the specification calls synchronous: both preferences are one for them.
    preferred === 'lowmemory' ? 'delta' : preferred,
  );
  const senders = targetsOf(options, environment);
  if (senders.length === 0) {
    if (environment.text('OTEL_METRICS_EXPORTER')?.toLowerCase() !== 'none') {
      warn('startTracing({ metrics }) has no effect: no destination takes metrics; OTLP and the console do');
    }
    return undefined;
  }
  const destinations = senders.map(
    ({ name, sender, json }) =>
      new MetricsDestination({
        name,
        sender,
        json,
        temporality: temporality ?? 'cumulative',
        maxSeries: metrics.maxSeries,
        resource,
        scope: { name: 'mqtrace', version },
      }),
  );
  const interval = environment.settle(metrics.intervalMs, environment.milliseconds('OTEL_METRIC_EXPORT_INTERVAL'));
  const timeout = environment.settle(metrics.exportTimeoutMs, environment.milliseconds('OTEL_METRIC_EXPORT_TIMEOUT'));
  return new MetricsExport(destinations, interval ?? 60_000, timeout ?? 30_000);
}

interface NamedSender {
  readonly name: string;
  readonly sender: Sender;
  readonly json: boolean;
}

function targetsOf(options: ExportOptions, environment: Environment): NamedSender[] {
  const several = environment.settle(
    options.destinations,
    environment.text('OTEL_METRICS_EXPORTER') === undefined ? undefined : [],
  );
  if (several === undefined || several.length === 0) {
    return resolveMetricsDestinations(options, environment).map((each) => senderOf(each, options, environment));
  }
  // Variables know one endpoint only: it is for the destinations that have none of their own.
  const own = new Environment(environment.mode === 'ignore' ? 'ignore' : 'fallback');
  return several.flatMap((each: DestinationOptions) => {
    const { protocol = 'http/protobuf' } = each;
    // The file is one of spans.
    if (protocol === 'file') return [];
    const transport = { ...options, ...each };
    return resolveMetricsDestinations({ ...each, protocol }, own).map((target) =>
      senderOf(target, transport, environment),
    );
  });
}

function senderOf(target: Target, options: TransportOptions, environment: Environment): NamedSender {
  if (target.exporter === 'console') return { name: 'console', sender: new ConsoleMetricsSender(), json: true };
  const transport = settleOtlpTransport(options, environment, 'METRICS');
  return {
    name: `${target.protocol} ${redactUrl(target.url)}`,
    sender: createOtlpSender({ ...target, ...transport }, 'METRICS'),
    json: target.protocol === 'http/json',
  };
}
