// Provides statistics of tracing as OpenTelemetry metrics.
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

/** Distinguishes several instances in one process, for `otel.component.name`. */
let components = 0;

/** The attributes of the two components of one destination, created once. */
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
    queueSize: level('otel.sdk.processor.span.queue.size', '{span}', 'The number of spans waiting in memory.'),
    queueCapacity: level('otel.sdk.processor.span.queue.capacity', '{span}', 'The maximum number of spans in memory.'),
    processed: count(
      'otel.sdk.processor.span.processed',
      '{span}',
      'The number of spans that the processor has finished, by error if they were lost.',
    ),
    inFlight: level('otel.sdk.exporter.span.inflight', '{span}', 'The number of spans being sent.'),
    exported: count(
      'otel.sdk.exporter.span.exported',
      '{span}',
      'The number of spans whose export has finished, by error if it failed.',
    ),
    ended: count('mqtrace.span.ended', '{span}', 'The number of recorded spans that have ended.'),
    dropped: count('mqtrace.span.dropped', '{span}', 'The number of dropped spans, by reason.'),
    adopted: count('mqtrace.span.adopted', '{span}', 'The number of spans adopted from the spools of ended processes.'),
    held: level('mqtrace.span.held', '{span}', 'The number of spans held by a tail sampler.'),
    spooled: level('mqtrace.span.spooled', '{span}', 'The number of spans on disk.'),
    requests: count('mqtrace.export.requests', '{request}', 'Requests sent.'),
    errors: count('mqtrace.export.errors', '{request}', 'The number of failed requests, retried or not.'),
    retries: count('mqtrace.export.retries', '{request}', 'The number of failed requests that are retried.'),
    latencyLast: gauge('mqtrace.export.latency.last', 's', 'The duration of the last acknowledged request.'),
    latencyAverage: gauge(
      'mqtrace.export.latency.average',
      's',
      'The exponential moving average of the duration of requests.',
    ),
    memory: level('mqtrace.export.memory', 'By', 'The memory of encoded batches and held spans (estimated).'),
    spoolSize: level('mqtrace.spool.size', 'By', 'The number of bytes on disk.'),
    spoolErrors: count('mqtrace.spool.errors', '{operation}', 'The number of failed disk operations.'),
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

/** Records the duration of each export, including all attempts and the delays between them. */
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
 * Provides the numbers of `stats()` as metrics of `provider`, with OpenTelemetry's names for SDK metrics where they exist. All
 * instruments except the duration of exports are observable: numbers are read when they are collected, without cost per span. They
 * remain registered after the shutdown, so that the last collection has the final numbers.
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
