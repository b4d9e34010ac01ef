// Finds the headers in a message of any client.
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { isWebHeaders } from '../../carriers/http-headers.ts';
import { amqpHeaders, httpHeaders, kafkaHeaders, redisFields } from '../../carriers/index.ts';

/** @internal */
export interface Found {
  adapter: CarrierAdapter<unknown>;
  headers: unknown;
}

/** The headers of a message, found by its shape unless an adapter is given. @internal */
export function findHeaders(message: unknown, adapter: CarrierAdapter<unknown> | undefined): Found {
  if (adapter !== undefined) return { adapter, headers: message };
  if (Array.isArray(message)) {
    const [, fields] = message as unknown[];
    return {
      adapter: redisFields,
      headers: Array.isArray(fields) ? fields : message,
    };
  }
  const given = (typeof message === 'object' && message !== null ? message : {}) as Record<string, unknown>;
  const properties = given['properties'] as Record<string, unknown> | null | undefined;
  if (typeof properties === 'object' && properties !== null) {
    return { adapter: amqpHeaders, headers: properties['headers'] ?? {} };
  }
  if (isWebHeaders(message)) return { adapter: httpHeaders, headers: message };
  const headers = 'headers' in given || 'value' in given ? (given['headers'] ?? {}) : given;
  const http = 'method' in given || isWebHeaders(headers);
  return { adapter: http ? httpHeaders : kafkaHeaders, headers };
}
