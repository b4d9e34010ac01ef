// Shows what tracing does as OpenTelemetry metrics.
import type { Attributes, BatchObservableResult, Meter, MeterProvider, Observable } from '@opentelemetry/api';
import { answered, reportFault } from '../common/faults.ts';
import { version } from '../common/version.ts';
import { dropReasons } from './accounting.ts';
import type { DeliveringSpanProcessor } from './delivering-span-processor.ts';
import type { DestinationQueue } from './destination-queue.ts';
import type { StartedSpans } from './started-spans.ts';
import { destinationStats } from './stats.ts';

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
    processed: count(
      'otel.sdk.processor.span.processed',
      '{span}',
      'Spans that the processor is done with, by why they were lost if so.',
    ),
    inFlight: level('otel.sdk.exporter.span.inflight', '{span}', 'Spans on the wire.'),
    exported: count('otel.sdk.exporter.span.exported', '{span}', 'Spans whose export is over, by why it failed if so.'),
    ended: count('mqtrace.span.ended', '{span}', 'Recorded spans that have ended.'),
    dropped: count('mqtrace.span.dropped', '{span}', 'Spans that will never arrive, by reason.'),
    adopted: count('mqtrace.span.adopted', '{span}', 'Spans taken over from the spool of a process that is gone.'),
    held: level('mqtrace.span.held', '{span}', 'Spans that a tail sampler holds.'),
    spooled: level('mqtrace.span.spooled', '{span}', 'Spans on disk.'),
    requests: count('mqtrace.export.requests', '{request}', 'Requests sent.'),
    errors: count('mqtrace.export.errors', '{request}', 'Requests that failed, whether or not they were tried again.'),
    retries: count('mqtrace.export.retries', '{request}', 'Failed requests that are tried again.'),
    latencyLast: gauge('mqtrace.export.latency.last', 's', 'How long the last acknowledged request took.'),
    latencyAverage: gauge('mqtrace.export.latency.average', 's', 'Exponential moving average of the same.'),
    memory: level('mqtrace.export.memory', 'By', 'Encoded batches and an estimate of held spans.'),
    spoolSize: level('mqtrace.spool.size', 'By', 'Bytes on disk.'),
    spoolErrors: count('mqtrace.spool.errors', '{operation}', 'Operations on the disk that failed.'),
  };
}

type Instruments = ReturnType<typeof instruments>;

function observeStarted({ started, live }: Instruments, result: BatchObservableResult, counts: StartedSpans): void {
  counts.forEachStarted((spans, origin, sampling) => {
    result.observe(started, spans, { 'otel.span.parent.origin': origin, 'otel.span.sampling_result': sampling });
  });
  for (const [sampling, spans] of Object.entries(counts.live())) {
    result.observe(live, spans, { 'otel.span.sampling_result': sampling });
  }
}

function observeDestination(
  all: Instruments,
  result: BatchObservableResult,
  queue: DestinationQueue,
  { processor, exporter }: Component,
): void {
  const { accounting } = queue;
  const stats = destinationStats(queue);
  const { dropped } = stats;
  const failed = (observable: Observable, failures: ReadonlyMap<string, number>, attributes: Attributes): void => {
    for (const [type, spans] of failures) result.observe(observable, spans, { ...attributes, 'error.type': type });
  };
  result.observe(all.queueSize, stats.queued, processor);
  result.observe(all.processed, accounting.processed, processor);
  failed(all.processed, accounting.processorFailures, processor);
  result.observe(all.ended, stats.ended, processor);
  for (const reason of dropReasons) {
    if (dropped[reason] > 0)
      result.observe(all.dropped, dropped[reason], { ...processor, 'mqtrace.drop.reason': reason });
  }
  result.observe(all.adopted, stats.adopted, processor);
  result.observe(all.held, stats.held, processor);
  result.observe(all.spooled, stats.spooled, processor);
  result.observe(all.memory, stats.memoryBytes, processor);
  result.observe(all.spoolSize, stats.spoolBytes, processor);
  result.observe(all.spoolErrors, stats.spoolErrors, processor);

  result.observe(all.inFlight, stats.inFlight, exporter);
  result.observe(all.exported, stats.exported, exporter);
  failed(all.exported, accounting.exporterFailures, exporter);
  result.observe(all.requests, stats.requests, exporter);
  result.observe(all.errors, stats.exportErrors, exporter);
  result.observe(all.retries, stats.retries, exporter);
  if (stats.latencyLastMs === 0) return;
  result.observe(all.latencyLast, stats.latencyLastMs / 1000, exporter);
  result.observe(all.latencyAverage, stats.latencyAverageMs / 1000, exporter);
}

/** Records how long each export takes, with all its attempts and the pauses between them. */
function timeOperations(
  meter: Meter,
  destinations: readonly { readonly queue: DestinationQueue; readonly component: Component }[],
): void {
  const duration = meter.createHistogram('otel.sdk.exporter.operation.duration', {
    unit: 's',
    description: 'The duration of exporting a batch of telemetry records.',
  });
  for (const { queue, component } of destinations) {
    const isGrpc = queue.name.startsWith('grpc ');
    queue.delivery.onOperation = (seconds, failure, httpStatus) => {
      try {
        const grpcStatus = failure === undefined && isGrpc ? 'OK' : failure?.grpcStatus;
        duration.record(seconds, {
          ...component.exporter,
          ...(failure !== undefined && { 'error.type': failure.type }),
          ...(httpStatus !== undefined && { 'http.response.status_code': httpStatus }),
          ...(grpcStatus !== undefined && { 'rpc.response.status_code': grpcStatus }),
        });
      } catch (error) {
        reportFault('timing an export', error);
      }
    };
  }
}

/**
 * Shows what `stats()` tells as metrics of `provider`, under the names of OpenTelemetry's own metrics of SDKs where there are such.
 * All but the duration of exports are observed: numbers are read when they are collected, and a span costs nothing more. They stay
 * after the shutdown, so that the last collection has the final numbers.
 *
 * https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
 * @internal
 */
export function observeExport(
  provider: MeterProvider,
  exporting: DeliveringSpanProcessor,
  started: StartedSpans,
): void {
  try {
    const meter = answered(provider.getMeter('mqtrace', version));
    const all = instruments(meter);
    const destinations = exporting.destinations.map((queue) => ({ queue, component: componentOf(queue.name) }));
    timeOperations(meter, destinations);
    meter.addBatchObservableCallback((result) => {
      observeStarted(all, result, started);
      for (const { queue, component } of destinations) {
        observeDestination(all, result, queue, component);
        result.observe(all.queueCapacity, queue.maxSpans, component.processor);
      }
    }, Object.values(all));
  } catch (error) {
    reportFault('making metrics of the export', error);
  }
}
