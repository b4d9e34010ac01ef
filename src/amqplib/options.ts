import { invalidOption } from '../common/errors.ts';
import { checkOptions, type TraceOptions } from '../messaging/index.ts';

/** Options of `traceConnection` and `traceChannel`. */
export interface TraceAmqplibOptions extends TraceOptions {
  /**
   * The broker's name as spans tell it (`server.address`, `server.port`). Default: what the connection's socket knows.
   */
  server?: { address: string; port?: number | undefined } | undefined;
}

/** @throws MqtraceError `INVALID_OPTION` */
export function checkAmqplibOptions(where: string, options: TraceAmqplibOptions): void {
  checkOptions(where, options, ['server']);
  const { server } = options;
  if (server === undefined) return;
  const expected = 'an object { address: string, port?: number }';
  if (typeof server !== 'object' || server === null || typeof server.address !== 'string' || server.address === '') {
    throw invalidOption(`${where}({ server })`, server, expected);
  }
  if (server.port !== undefined && !Number.isInteger(server.port)) {
    throw invalidOption(`${where}({ server: { port } })`, server.port, 'an integer');
  }
}
