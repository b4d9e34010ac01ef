// Validates the `server` option, and converts it to attributes.
import type { Attributes } from '@opentelemetry/api';
import { checkNames, isRecord } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from './semconv.ts';

/** The address of a server. */
export interface ServerOption {
  /** Host name or address. */
  address: string;
  /** Default: none. */
  port?: number | undefined;
}

/** `server.address` and `server.port`; unknown values are omitted. */
export function serverAttributes(address: string | undefined, port: number | undefined): Attributes {
  const attributes: Attributes = {};
  if (address !== undefined && address !== '') attributes[ATTR_SERVER_ADDRESS] = address;
  if (port !== undefined && Number.isInteger(port)) attributes[ATTR_SERVER_PORT] = port;
  return attributes;
}

/**
 * @param where - the option's full name, for messages.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function checkServer(where: string, server: unknown): void {
  if (server === undefined) return;
  if (!isRecord(server)) {
    throw invalidOption(where, server, '{ address: string, port?: number }');
  }
  checkNames(where, server, ['address', 'port']);
  const { address, port } = server;
  if (typeof address !== 'string' || address === '') {
    throw invalidOption(`${where}.address`, address, 'a string that is not empty');
  }
  if (port !== undefined && (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535)) {
    throw invalidOption(`${where}.port`, port, 'a port number from 1 to 65535');
  }
}
