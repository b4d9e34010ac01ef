// Options of the amqplib wrapper.
import { checkOptions, checkServer, type ServerOption, type TraceOptions } from '../messaging/index.ts';

/** Options of `traceConnection` and `traceChannel`. */
export interface TraceAmqplibOptions extends TraceOptions {
  /** The broker's name on spans (`server.address`, `server.port`). Default: what the connection's socket knows. */
  server?: ServerOption | undefined;
}

/** @throws MqtraceError `INVALID_OPTION` */
export function checkAmqplibOptions(where: string, options: TraceAmqplibOptions): void {
  checkOptions(where, options, ['server']);
  checkServer(`${where}({ server })`, options.server);
}
