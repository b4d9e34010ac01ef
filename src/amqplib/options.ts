// Defines the options of the amqplib wrapper.
import { checkBoolean } from '../common/check-options.ts';
import { checkOptions, type TraceOptions } from '../messaging/options.ts';
import { checkServer, type ServerOption } from '../messaging/server.ts';

/** Options of `traceConnection` and `traceChannel`. */
export interface TraceAmqplibOptions extends TraceOptions {
  /** The broker's name on spans (`server.address`, `server.port`). Default: the name and port of the connection's socket. */
  server?: ServerOption | undefined;
  /**
   * Whether the number of waiting messages in the consumed queues is read from the broker whenever metrics are read,
   * as `mqtrace.consumer.lag`. A channel is opened for each of these requests. Only for `traceConnection`. Default
   * false.
   */
  pollLag?: boolean | undefined;
}

/** @throws MqtraceError `INVALID_OPTION` */
export function checkAmqplibOptions(where: string, options: TraceAmqplibOptions): void {
  checkOptions(where, options, ['server', 'pollLag']);
  if (options.pollLag !== undefined) checkBoolean(options.pollLag, `${where}({ pollLag })`);
  checkServer(`${where}({ server })`, options.server);
}
