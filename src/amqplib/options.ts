// Options of the amqplib wrapper.
import { isRecord } from '../common/check-options.ts';
import { invalidOption, unknownOption } from '../common/errors.ts';
import { checkOptions, type TraceOptions } from '../messaging/index.ts';

/** Options of `traceConnection` and `traceChannel`. */
export interface TraceAmqplibOptions extends TraceOptions {
  /** The broker's name on spans (`server.address`, `server.port`). Default: what the connection's socket knows. */
  server?: { address: string; port?: number | undefined } | undefined;
}

/** @throws MqtraceError `INVALID_OPTION` */
export function checkAmqplibOptions(where: string, options: TraceAmqplibOptions): void {
  checkOptions(where, options, ['server']);
  const server: unknown = options.server;
  if (server === undefined) return;
  const name = `${where}({ server })`;
  if (!isRecord(server)) throw invalidOption(name, server, 'an object { address: string, port?: number }');
  for (const key of Object.keys(server)) {
    if (key !== 'address' && key !== 'port') throw unknownOption(name, key, ['address', 'port']);
  }
  const { address, port } = server;
  if (typeof address !== 'string' || address === '') {
    throw invalidOption(`${where}({ server: { address } })`, address, 'a host name or an IP address');
  }
  if (port !== undefined && !(Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535)) {
    throw invalidOption(`${where}({ server: { port } })`, port, 'an integer from 1 to 65535');
  }
}
