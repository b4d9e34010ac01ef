import { type Destination, resolveDestinations } from '../config/destinations.ts';
import { Environment } from '../config/environment.ts';
import { DestinationQueue } from './destination-queue.ts';
import type { DeliveryOptions, DestinationOptions, ExportOptions } from './export-options.ts';
import { HttpSender } from './http-sender.ts';
import { ConsoleSender, FileSender } from './local-senders.ts';
import { createOtlpSender, httpSettings, type TransportOptions } from './otlp-senders.ts';
import type { Sender } from './sender.ts';
import { toZipkin } from './zipkin-json.ts';

type Target = Destination | { readonly exporter: 'file'; readonly path: string };

/**
 * One queue per destination, each with its own sender, spool and books.
 *
 * @throws MqtraceError `MISSING_DEPENDENCY`.
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
  // Variables know one endpoint only: it is for the destinations that have none of their own.
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
  const sender = createSender(target, settleTransport(options, environment), environment);
  if (target.exporter === 'otlp')
    return new DestinationQueue(`${target.protocol} ${withoutSecrets(target.url)}`, sender, delivery);
  // What others can be told with OTLP's bytes is not worth a spool; to a file or the console one request goes at a time.
  const { spool: _, ...rest } = delivery;
  if (target.exporter === 'zipkin') return new DestinationQueue(`zipkin ${withoutSecrets(target.url)}`, sender, rest);
  if (target.exporter === 'file')
    return new DestinationQueue(`file ${target.path}`, sender, { ...rest, concurrency: 1 });
  return new DestinationQueue('console', sender, { ...rest, concurrency: 1, intervalMs: 100 });
}

/** The name of a destination is in messages and on disk: user and password of its URL are in neither. */
function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}

function createSender(target: Target, transport: TransportOptions, environment: Environment): Sender {
  if (target.exporter === 'console') return new ConsoleSender();
  if (target.exporter === 'file') return new FileSender(target.path);
  const useVariables = environment.mode !== 'ignore';
  if (target.exporter === 'otlp') return createOtlpSender({ ...target, ...transport, useVariables });
  return new HttpSender({
    ...httpSettings({ ...target, ...transport, useVariables, protocol: 'zipkin' }),
    contentType: 'application/json',
    encode: (request) => Buffer.from(JSON.stringify(toZipkin(request))),
    readSuccess: () => ({ status: 'ok', rejected: 0 }),
  });
}

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor */
function settleDelivery(options: DeliveryOptions, environment: Environment): DeliveryOptions {
  const positive = (name: string): number | undefined => environment.count(name) || undefined;
  return {
    ...options,
    intervalMs: environment.settle(options.intervalMs, positive('OTEL_BSP_SCHEDULE_DELAY')),
    maxBatchSpans: environment.settle(options.maxBatchSpans, positive('OTEL_BSP_MAX_EXPORT_BATCH_SIZE')),
    maxQueueSpans: environment.settle(options.maxQueueSpans, positive('OTEL_BSP_MAX_QUEUE_SIZE')),
  };
}

function settleTransport(options: TransportOptions, environment: Environment): TransportOptions {
  const number = (name: string): number | undefined => environment.number(name, 1);
  const compression = (name: string): 'none' | 'gzip' | undefined => environment.oneOf(name, ['none', 'gzip']);
  return {
    httpAgentOptions: options.httpAgentOptions,
    timeoutMs: environment.settle(
      options.timeoutMs,
      number('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT') ??
        number('OTEL_EXPORTER_OTLP_TIMEOUT') ??
        number('OTEL_BSP_EXPORT_TIMEOUT'),
    ),
    compression: environment.settle(
      options.compression,
      compression('OTEL_EXPORTER_OTLP_TRACES_COMPRESSION') ?? compression('OTEL_EXPORTER_OTLP_COMPRESSION'),
    ),
  };
}
