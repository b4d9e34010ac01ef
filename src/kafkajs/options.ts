// Defines the options of the kafkajs wrappers.
import { checkBoolean } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { checkOptions, type TraceOptions } from '../messaging/options.ts';
import { checkServer, type ServerOption } from '../messaging/server.ts';

/** Options of `traceProducer`, and of everything that `traceKafka` traces. */
export interface TraceKafkaProducerOptions extends TraceOptions {
  /** Value of `messaging.client.id`. Default: the value of the client's first request. */
  clientId?: string | undefined;
  /**
   * Value of `server.address` and `server.port` of every span. Default: the broker, while the client has used only
   * one; with several, none.
   */
  server?: ServerOption | undefined;
  /**
   * Value of `kafka.cluster.id`. `true`, for `traceKafka` only: Kafka is asked for it once, by an admin client, when the first
   * producer or consumer has connected; spans have it from then on. Default: none.
   */
  clusterId?: string | true | undefined;
}

/** Options of `traceKafka`. */
export interface TraceKafkaOptions extends TraceKafkaProducerOptions {
  /**
   * Whether the ends of the partitions are read from Kafka whenever metrics are read, with a short-lived admin
   * client, so that `mqtrace.consumer.lag` is exact. Default false: the lag is computed from the end of the partition that the
   * last batch reported.
   */
  pollLag?: boolean | undefined;
  /**
   * Whether commits that kafkajs makes by itself (`autoCommit`) have settle spans. They have no duration and no parent, because
   * kafkajs reports only that they have succeeded. Default false.
   */
  autoCommitSpans?: boolean | undefined;
}

/** Options of `traceConsumer`. */
export interface TraceKafkaConsumerOptions extends TraceKafkaProducerOptions {
  /** Value of `messaging.consumer.group.name`. Default: the group that the consumer reports when it first joins. */
  groupId?: string | undefined;
  /** As in {@link TraceKafkaOptions}. */
  autoCommitSpans?: boolean | undefined;
}

/**
 * @throws MqtraceError `INVALID_OPTION`
 * @internal
 */
export function checkKafkaOptions(
  where: string,
  options: TraceKafkaConsumerOptions & TraceKafkaOptions,
  more: readonly string[] = [],
): void {
  checkOptions(where, options, ['clientId', 'clusterId', 'server', ...more]);
  for (const name of ['clientId', 'groupId'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw invalidOption(`${where}({ ${name} })`, value, 'a non-empty string');
    }
  }
  const { clusterId } = options as { clusterId?: unknown };
  const mayAsk = where === 'traceKafka';
  if (
    clusterId !== undefined &&
    !(clusterId === true && mayAsk) &&
    (typeof clusterId !== 'string' || clusterId === '')
  ) {
    throw invalidOption(
      `${where}({ clusterId })`,
      clusterId,
      mayAsk ? 'a non-empty string, or true' : 'a non-empty string',
    );
  }
  if (options.autoCommitSpans !== undefined) checkBoolean(options.autoCommitSpans, `${where}({ autoCommitSpans })`);
  if (options.pollLag !== undefined) checkBoolean(options.pollLag, `${where}({ pollLag })`);
  checkServer(`${where}({ server })`, options.server);
}
