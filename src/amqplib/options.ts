// Options of the amqplib wrapper.
import { checkOptions, type TraceOptions } from '../messaging/options.ts';
import { checkServer, type ServerOption } from '../messaging/server.ts';

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
