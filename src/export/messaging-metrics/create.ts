// Creates the metrics export from options and environment variables.
import { type ResolvedMetricsDestination, resolveMetricsDestinations } from '../../config/destinations.ts';
import { Environment } from '../../config/environment.ts';
import { redactUrl } from '../../config/redact-url.ts';
import { version } from '../../common/version.ts';
import { warn } from '../../common/warnings.ts';
import type { Temporality } from '../../metrics/index.ts';
import { resolveOtlpTransport } from '../create-destinations.ts';
import type { DestinationOptions, ExportOptions } from '../export-options.ts';
import type { Resource } from '../otlp-encoder.ts';
import { createOtlpSender, type TransportOptions } from '../otlp-senders.ts';
import type { Sender } from '../sender.ts';
import { ConsoleMetricsSender } from './console-sender.ts';
import { MetricsDestination } from './destination.ts';
import { MetricsExport } from './export.ts';

/** How metrics are counted and sent. */
export interface MetricsOptions {
  /** Milliseconds between two exports. Default 60000. Variable: `OTEL_METRIC_EXPORT_INTERVAL`. */
  readonly intervalMs?: number | undefined;
  /** Timeout in milliseconds of one export, including retries. Default 30000. Variable: `OTEL_METRIC_EXPORT_TIMEOUT`. */
  readonly exportTimeoutMs?: number | undefined;
  /**
   * Whether each export contains the counts since the start, or since the previous export. Default `cumulative`.
   * Variable: `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`.
   */
  readonly temporality?: Temporality | undefined;
  /** Maximum series per metric in the process; further ones are counted together as `_OTHER`. Default 1000. */
  readonly maxSeries?: number | undefined;
}

/**
 * Sends messaging metrics to the destinations of spans that accept metrics. Undefined if there are none.
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
    // Counters and histograms of this package are synchronous instruments, for which both preferences are equal.
    preferred === 'lowmemory' ? 'delta' : preferred,
  );
  const senders = targetsOf(options, environment);
  if (senders.length === 0) {
    if (environment.text('OTEL_METRICS_EXPORTER')?.toLowerCase() !== 'none') {
      warn('startTracing({ metrics }) has no effect: no destination accepts metrics; OTLP and the console do');
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
  // Variables define only one endpoint: it is used for destinations without an endpoint.
  const own = new Environment(environment.mode === 'ignore' ? 'ignore' : 'fallback');
  return several.flatMap((each: DestinationOptions) => {
    const { protocol = 'http/protobuf' } = each;
    // The file contains spans.
    if (protocol === 'file') return [];
    const transport = { ...options, ...each };
    return resolveMetricsDestinations({ ...each, protocol }, own).map((target) =>
      senderOf(target, transport, environment),
    );
  });
}

function senderOf(
  target: ResolvedMetricsDestination,
  options: TransportOptions,
  environment: Environment,
): NamedSender {
  if (target.exporter === 'console') return { name: 'console', sender: new ConsoleMetricsSender(), json: true };
  const transport = resolveOtlpTransport(options, environment, 'METRICS');
  return {
    name: `${target.protocol} ${redactUrl(target.url)}`,
    sender: createOtlpSender({ ...target, ...transport }, 'METRICS'),
    json: target.protocol === 'http/json',
  };
}
