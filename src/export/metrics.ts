import type { Attributes, BatchObservableResult, Meter, MeterProvider, Observable } from '@opentelemetry/api';
import { answered, reportFault } from '../common/faults.ts';
import { version } from '../common/version.ts';
import { type DropReason, dropReasons } from './accounting.ts';
import type { DeliveringSpanProcessor } from './delivering-span-processor.ts';
import { type DestinationStats, destinationStats } from './stats.ts';

/** What a sampler decided, by how often; without it only recorded spans are known. @internal */
export interface StartedSpans {
  readonly created: number;
  readonly recorded: number;
  readonly sampled: number;
}

/** Spans that the exporter's side lost; of the others the batching side knows, and what a sampler decides is no loss. */
const exporterLosses: readonly DropReason[] = ['rejected', 'too_large'];
const elsewhere = new Set<DropReason>([...exporterLosses, 'sampled_out', 'capped']);
const processorLosses = dropReasons.filter((reason) => !elsewhere.has(reason));

const exporterTypes: Readonly<Record<string, string>> = {
  grpc: 'otlp_grpc_span_exporter',
  'http/protobuf': 'otlp_http_span_exporter',
  'http/json': 'otlp_http_json_span_exporter',
  zipkin: 'zipkin_http_span_exporter',
};

/** Tells apart what is started several times in one process, as `otel.component.name` wants it. */
let components = 0;

/** The attributes of one destination's two components, made once. */
interface Component {
  readonly processor: Attributes;
  readonly exporter: Attributes;
}

function componentOf(name: string): Component {
  const number = components++;
  const [protocol = '', url = ''] = name.split(' ');
  const exporterType = exporterTypes[protocol] ?? `mqtrace_${protocol}_span_exporter`;
  const server = URL.canParse(url) ? new URL(url) : undefined;
  const describe = (type: string): Attributes => ({
    'otel.component.type': type,
    'otel.component.name': `${type}/${number}`,
  });
  return {
    processor: { ...describe('mqtrace_span_processor'), 'mqtrace.destination': name },
    exporter: {
      ...describe(exporterType),
      'mqtrace.destination': name,
      ...(server?.hostname && { 'server.address': server.hostname }),
      ...(server?.port && { 'server.port': Number(server.port) }),
    },
  };
}

function instruments(meter: Meter) {
  const count = (name: string, unit: string, description: string): Observable =>
    meter.createObservableCounter(name, { unit, description });
  const level = (name: string, unit: string, description: string): Observable =>
    meter.createObservableUpDownCounter(name, { unit, description });
  const gauge = (name: string, unit: string, description: string): Observable =>
    meter.createObservableGauge(name, { unit, description });
  return {
    started: count('otel.sdk.span.started', '{span}', 'The number of created spans.'),
    live: level('otel.sdk.span.live', '{span}', 'The number of recording spans that have not ended.'),
    queueSize: level('otel.sdk.processor.span.queue.size', '{span}', 'Spans in memory that wait to be sent.'),
    queueCapacity: level('otel.sdk.processor.span.queue.capacity', '{span}', 'Spans that memory may hold.'),
    processed: count('otel.sdk.processor.span.processed', '{span}', 'Spans done with, by why they were lost if so.'),
    inFlight: level('otel.sdk.exporter.span.inflight', '{span}', 'Spans on the wire.'),
    exported: count('otel.sdk.exporter.span.exported', '{span}', 'Spans acknowledged, or refused for good.'),
    ended: count('mqtrace.span.ended', '{span}', 'Recorded spans that have ended.'),
    dropped: count('mqtrace.span.dropped', '{span}', 'Spans that will never arrive, by reason.'),
    adopted: count('mqtrace.span.adopted', '{span}', 'Spans taken over from the spool of a process that is gone.'),
    held: level('mqtrace.span.held', '{span}', 'Spans that a tail sampler holds.'),
    spooled: level('mqtrace.span.spooled', '{span}', 'Spans on disk.'),
    requests: count('mqtrace.export.requests', '{request}', 'Requests sent.'),
    errors: count('mqtrace.export.errors', '{request}', 'Requests that failed, for good or not.'),
    retries: count('mqtrace.export.retries', '{request}', 'Failed requests that are tried again.'),
    latencyLast: gauge('mqtrace.export.latency.last', 's', 'How long the last acknowledged request took.'),
    latencyAverage: gauge('mqtrace.export.latency.average', 's', 'Exponential moving average of the same.'),
    memory: level('mqtrace.export.memory', 'By', 'Encoded batches and an estimate of held spans.'),
    spoolSize: level('mqtrace.spool.size', 'By', 'Bytes on disk.'),
    spoolErrors: count('mqtrace.spool.errors', '{operation}', 'Operations on the disk that failed.'),
  };
}

type Instruments = ReturnType<typeof instruments>;

function observeStarted(
  { started, live }: Instruments,
  result: BatchObservableResult,
  counts: StartedSpans,
  ended: number | undefined,
): void {
  const results = { RECORD_AND_SAMPLE: counts.sampled, RECORD_ONLY: counts.recorded - counts.sampled };
  for (const [sampling, spans] of Object.entries({ ...results, DROP: counts.created - counts.recorded })) {
    if (spans > 0) result.observe(started, spans, { 'otel.span.sampling_result': sampling });
  }
  if (ended !== undefined) result.observe(live, Math.max(0, counts.recorded - ended));
}

function observeDestination(
  all: Instruments,
  result: BatchObservableResult,
  stats: DestinationStats,
  { processor, exporter }: Component,
): void {
  const { dropped } = stats;
  const lost = (observable: Observable, reasons: readonly DropReason[], key: string, attributes: Attributes): void => {
    for (const reason of reasons) {
      if (dropped[reason] > 0) result.observe(observable, dropped[reason], { ...attributes, [key]: reason });
    }
  };
  result.observe(all.queueSize, stats.queued, processor);
  result.observe(all.processed, stats.exported + dropped.rejected + dropped.too_large, processor);
  lost(all.processed, processorLosses, 'error.type', processor);
  result.observe(all.ended, stats.ended, processor);
  lost(all.dropped, dropReasons, 'mqtrace.drop.reason', processor);
  result.observe(all.adopted, stats.adopted, processor);
  result.observe(all.held, stats.held, processor);
  result.observe(all.spooled, stats.spooled, processor);
  result.observe(all.memory, stats.memoryBytes, processor);
  result.observe(all.spoolSize, stats.spoolBytes, processor);
  result.observe(all.spoolErrors, stats.spoolErrors, processor);

  result.observe(all.inFlight, stats.inFlight, exporter);
  result.observe(all.exported, stats.exported, exporter);
  lost(all.exported, exporterLosses, 'error.type', exporter);
  result.observe(all.requests, stats.requests, exporter);
  result.observe(all.errors, stats.exportErrors, exporter);
  result.observe(all.retries, stats.retries, exporter);
  if (stats.latencyLastMs === 0) return;
  result.observe(all.latencyLast, stats.latencyLastMs / 1000, exporter);
  result.observe(all.latencyAverage, stats.latencyAverageMs / 1000, exporter);
}

/**
 * Shows what `stats()` tells as metrics of `provider`, under the names of OpenTelemetry's own metrics of SDKs where there are such.
 * All of them are observed: numbers are read when they are collected, and a span costs nothing more. They stay after the shutdown,
 * so that the last collection has the final numbers.
 *
 * https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
 * @internal
 */
export function observeExport(
  provider: MeterProvider,
  exporting: DeliveringSpanProcessor,
  started: () => StartedSpans,
): void {
  try {
    const meter = answered(provider.getMeter('mqtrace', version));
    const all = instruments(meter);
    const destinations = exporting.destinations.map((queue) => ({ queue, component: componentOf(queue.name) }));
    meter.addBatchObservableCallback((result) => {
      observeStarted(all, result, started(), destinations[0]?.queue.accounting.counts().ended);
      for (const { queue, component } of destinations) {
        observeDestination(all, result, destinationStats(queue), component);
        result.observe(all.queueCapacity, queue.maxSpans, component.processor);
      }
    }, Object.values(all));
  } catch (error) {
    reportFault('making metrics of the export', error);
  }
}
