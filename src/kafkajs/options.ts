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
}

/** Options of `traceKafka`. */
export interface TraceKafkaOptions extends TraceKafkaProducerOptions {
  /**
   * Whether the ends of the partitions are read from Kafka whenever metrics are read, with a short-lived admin
   * client, so that `mqtrace.consumer.lag` is exact. Default false: the lag is that of the last batch.
   */
  pollLag?: boolean | undefined;
}

/** Options of `traceConsumer`. */
export interface TraceKafkaConsumerOptions extends TraceKafkaProducerOptions {
  /** Value of `messaging.consumer.group.name`. Default: the group that the consumer reports when it first joins. */
  groupId?: string | undefined;
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
  checkOptions(where, options, ['clientId', 'server', ...more]);
  for (const name of ['clientId', 'groupId'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw invalidOption(`${where}({ ${name} })`, value, 'a non-empty string');
    }
  }
  if (options.pollLag !== undefined) checkBoolean(options.pollLag, `${where}({ pollLag })`);
  checkServer(`${where}({ server })`, options.server);
}
