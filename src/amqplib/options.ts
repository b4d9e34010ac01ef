// Defines the options of the amqplib wrapper.
import { checkBoolean } from '../common/check-options.ts';
import { checkOptions, type TraceOptions } from '../messaging/options.ts';
import { checkServer, type ServerOption } from '../messaging/server.ts';

/** Options of `traceConnection` and `traceChannel`. */
export interface TraceAmqplibOptions extends TraceOptions {
  /** The broker's name on spans (`server.address`, `server.port`). Default: the name and port of the connection's socket. */
  server?: ServerOption | undefined;
  /**
   * Whether the broker is asked how many messages wait in the queues that are consumed, whenever metrics are read:
   * `mqtrace.consumer.lag`. It is asked on a channel that is opened for that each time. Of `traceConnection`. Default false.
   */
  pollLag?: boolean | undefined;
}

/** @throws MqtraceError `INVALID_OPTION` */
export function checkAmqplibOptions(where: string, options: TraceAmqplibOptions): void {
  checkOptions(where, options, ['server', 'pollLag']);
  if (options.pollLag !== undefined) checkBoolean(options.pollLag, `${where}({ pollLag })`);
  checkServer(`${where}({ server })`, options.server);
}
