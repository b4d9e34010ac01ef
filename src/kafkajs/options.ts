import { invalidOption } from '../common/errors.ts';
import { checkOptions, type TraceOptions } from '../messaging/index.ts';

/** Options of `traceKafka` and `traceProducer`. */
export interface KafkaTraceOptions extends TraceOptions {
  /** Value of `messaging.client.id`. Default: what the client's first request tells. */
  clientId?: string | undefined;
  /**
   * Value of `server.address` and `server.port` of every span. Default: the broker, as long as the client has talked to one only;
   * with several, none.
   */
  server?: KafkaServer | undefined;
}

/** Where the brokers are. */
export interface KafkaServer {
  /** Host name or address. */
  address: string;
  /** Default: none is told. */
  port?: number | undefined;
}

/** Options of `traceConsumer`. */
export interface KafkaConsumerTraceOptions extends KafkaTraceOptions {
  /** Value of `messaging.consumer.group.name`. Default: what the consumer tells when it first joins its group. */
  groupId?: string | undefined;
}

/**
 * @throws MqtraceError `INVALID_OPTION`
 * @internal
 */
export function checkKafkaOptions(
  where: string,
  options: KafkaConsumerTraceOptions,
  more: readonly string[] = [],
): void {
  checkOptions(where, options, ['clientId', 'server', ...more]);
  for (const name of ['clientId', 'groupId'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw invalidOption(`${where}({ ${name} })`, value, 'a non-empty string');
    }
  }
  const server: unknown = options.server;
  if (server === undefined) return;
  const { address, port } = (typeof server === 'object' && server !== null ? server : {}) as Record<string, unknown>;
  if (typeof address !== 'string' || address === '') {
    throw invalidOption(`${where}({ server })`, server, '{ address: string, port?: number }');
  }
  if (port !== undefined && (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535)) {
    throw invalidOption(`${where}({ server: { port } })`, port, 'a port number');
  }
}
