// Creates the queues and senders for the options and environment variables.
import { type ResolvedDestination, resolveDestinations } from '../config/destinations.ts';
import { Environment } from '../config/environment.ts';
import { redactUrl } from '../config/redact-url.ts';
import type { Signal } from '../config/names.ts';
import { readTlsFiles, type TlsFiles } from '../config/tls-files.ts';
import { DestinationQueue } from './destination-queue.ts';
import type { DeliveryOptions, DestinationOptions, ExportOptions } from './export-options.ts';
import { HttpSender } from './http-sender.ts';
import { ConsoleSender, FileSender } from './local-senders.ts';
import { createOtlpSender, httpSettings, type TransportOptions } from './otlp-senders.ts';
import type { Sender } from './sender.ts';
import { toZipkin } from './zipkin-json.ts';

type Target = ResolvedDestination | { readonly exporter: 'file'; readonly path: string };

/**
 * Creates one queue per destination, each with its own sender, spool and counters.
 *
 * @internal
 */
export function createDestinationQueues(options: ExportOptions, environment: Environment): DestinationQueue[] {
  const several = environment.settle(
    options.destinations,
    environment.text('OTEL_TRACES_EXPORTER') === undefined ? undefined : [],
  );
  if (several === undefined || several.length === 0) {
    return resolveDestinations(options, environment).map((target) => createQueue(target, options, environment));
  }
  // Variables define only one endpoint: it is used for destinations without an endpoint.
  const own = new Environment(environment.mode === 'ignore' ? 'ignore' : 'fallback');
  return several.flatMap((each) => {
    const merged = { ...options, protocol: undefined, endpoint: undefined, headers: undefined, ...each };
    return targetsOf(each, own).map((target) => createQueue(target, merged, environment));
  });
}

function targetsOf(options: DestinationOptions, environment: Environment): Target[] {
  const { protocol = 'http/protobuf' } = options;
  if (protocol === 'file') return [{ exporter: 'file', path: options.endpoint ?? 'traces.jsonl' }];
  return resolveDestinations({ ...options, protocol }, environment);
}

function createQueue(
  target: Target,
  options: DeliveryOptions & TransportOptions,
  environment: Environment,
): DestinationQueue {
  const delivery = settleDelivery(options, environment);
  const sender = createSender(target, options, environment);
  if (target.exporter === 'otlp')
    return new DestinationQueue(`${target.protocol} ${redactUrl(target.url)}`, sender, delivery);
  // A spool holds OTLP requests, which are sent after the next start. To a file or the console, one request is written at a time.
  const { spool: _, ...rest } = delivery;
  if (target.exporter === 'zipkin') return new DestinationQueue(`zipkin ${redactUrl(target.url)}`, sender, rest);
  if (target.exporter === 'file')
    return new DestinationQueue(`file ${target.path}`, sender, { ...rest, concurrency: 1 });
  return new DestinationQueue('console', sender, { ...rest, concurrency: 1, intervalMs: 100 });
}

function createSender(target: Target, options: TransportOptions, environment: Environment): Sender {
  if (target.exporter === 'console') return new ConsoleSender();
  if (target.exporter === 'file') return new FileSender(target.path);
  if (target.exporter === 'otlp') return createOtlpSender({ ...target, ...resolveOtlpTransport(options, environment) });
  const timeoutMs = environment.settle(options.timeoutMs, environment.number('OTEL_EXPORTER_ZIPKIN_TIMEOUT', 1));
  return new HttpSender({
    ...httpSettings({ ...target, ...options, timeoutMs }),
    contentType: 'application/json',
    encode: (request) => Buffer.from(JSON.stringify(toZipkin(request))),
  });
}

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor */
function settleDelivery(options: DeliveryOptions, environment: Environment): DeliveryOptions {
  return {
    ...options,
    intervalMs: environment.settle(options.intervalMs, environment.milliseconds('OTEL_BSP_SCHEDULE_DELAY')),
    maxBatchSpans: environment.settle(options.maxBatchSpans, environment.count('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 1)),
    maxQueueSpans: environment.settle(options.maxQueueSpans, environment.count('OTEL_BSP_MAX_QUEUE_SIZE', 1)),
  };
}

/**
 * The settings for requests to an OTLP receiver.
 *
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#configuration-options
 * @internal
 */
export function resolveOtlpTransport(
  { timeoutMs, compression: given, httpAgentOptions }: TransportOptions,
  environment: Environment,
  signal: Signal = 'TRACES',
): TransportOptions & { readonly tls: TlsFiles } {
  const compression = (name: string): 'none' | 'gzip' | undefined => environment.oneOf(name, ['none', 'gzip']);
  return {
    httpAgentOptions,
    tls: settleTls(httpAgentOptions, environment, signal),
    timeoutMs: environment.settle(
      timeoutMs,
      environment.milliseconds(`OTEL_EXPORTER_OTLP_${signal}_TIMEOUT`) ??
        environment.milliseconds('OTEL_EXPORTER_OTLP_TIMEOUT') ??
        (signal === 'TRACES' ? environment.milliseconds('OTEL_BSP_EXPORT_TIMEOUT') : undefined),
    ),
    compression: environment.settle(
      given,
      compression(`OTEL_EXPORTER_OTLP_${signal}_COMPRESSION`) ?? compression('OTEL_EXPORTER_OTLP_COMPRESSION'),
    ),
  };
}

/** The files that variables name, except those that options in code replace. */
function settleTls(options: TransportOptions['httpAgentOptions'], environment: Environment, signal: Signal): TlsFiles {
  const files = readTlsFiles(environment, signal);
  if (typeof options !== 'object' || environment.mode !== 'fallback') return files;
  return Object.fromEntries(Object.entries(files).filter(([name]) => !(name in options)));
}
