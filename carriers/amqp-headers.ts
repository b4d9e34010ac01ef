// Carrier for the headers of AMQP 0-9-1 messages.
import type { CarrierAdapter } from './adapter.ts';
import { safeReader } from './safe-reader.ts';
import { isHeaderRecord, recordCopy, recordGet, recordGetAll, recordKeys, recordRemove, recordSet } from './record.ts';

/** An AMQP 0-9-1 field table, as amqplib has it in `properties.headers`: any value, nested tables included. */
export interface AmqpHeaders {
  [name: string]: unknown;
}

/**
 * AMQP 0-9-1 `properties.headers`. The W3C binding for AMQP was discontinued; common practice is text with lower-case names. Long
 * strings and byte arrays are both read; numbers, tables and other values are not used as trace headers. amqplib also sends
 * inherited properties, so they are read and copied.
 */
export const amqpHeaders: CarrierAdapter<AmqpHeaders> = safeReader<AmqpHeaders>({
  name: 'amqp',
  get: (headers, key) => (isHeaderRecord(headers) ? recordGet(headers, key, false) : undefined),
  getAll: (headers, key) => (isHeaderRecord(headers) ? recordGetAll(headers, key, false) : []),
  keys: (headers) => (isHeaderRecord(headers) ? recordKeys(headers, false) : []),
  set: (headers, key, value) => recordSet(headers, key, value),
  copy: (headers) => recordCopy(headers, false),
  remove: (headers, names) => recordRemove(headers, names),
});
