// Carrier for the headers of Kafka records.
import type { CarrierAdapter } from './adapter.ts';
import { safeReader } from './safe-reader.ts';
import { isHeaderRecord, recordCopy, recordGet, recordGetAll, recordKeys, recordRemove, recordSet } from './record.ts';

/** Kafka record headers in the shape of kafkajs: an object of values, in which an array is a repeated header. */
export interface KafkaHeaders {
  [name: string]: Buffer | string | (Buffer | string)[] | undefined;
}

/**
 * Kafka record headers. There is no W3C binding; common practice is UTF-8 text with lower-case names. Names are case-sensitive in
 * Kafka; here they are read in any common spelling. The last value of a repeated `traceparent` is used, as in OpenTelemetry Java.
 */
export const kafkaHeaders: CarrierAdapter<KafkaHeaders> = safeReader<KafkaHeaders>({
  name: 'kafka',
  get: (headers, key) => (isHeaderRecord(headers) ? recordGet(headers, key, true) : undefined),
  getAll: (headers, key) => (isHeaderRecord(headers) ? recordGetAll(headers, key, true) : []),
  keys: (headers) => (isHeaderRecord(headers) ? recordKeys(headers, true) : []),
  set: (headers, key, value) => recordSet(headers, key, value),
  copy: (headers) => recordCopy(headers, true),
  remove: (headers, names) => recordRemove(headers, names),
});
