import { Buffer } from 'node:buffer';

/** What amqplib reads of the options of a publish, beside the headers. */
const names = [
  'expiration',
  'userId',
  'CC',
  'BCC',
  'mandatory',
  'persistent',
  'deliveryMode',
  'contentType',
  'contentEncoding',
  'priority',
  'correlationId',
  'replyTo',
  'messageId',
  'timestamp',
  'type',
  'appId',
] as const;

/** The caller's options with other headers, in an object of our own. */
export function withHeaders(options: unknown, headers: object): object {
  if (typeof options !== 'object' || options === null) return { headers };
  const prototype: unknown = Object.getPrototypeOf(options);
  if (prototype === Object.prototype || prototype === null) return { ...options, headers };
  // Options that are an instance of a class: amqplib would see inherited values and accessors.
  const copy: Record<string, unknown> = {};
  for (const name of names) copy[name] = (options as Record<string, unknown>)[name];
  copy['headers'] = headers;
  return copy;
}

/** Size of everything in a content header frame but the headers: frame, class, weight, body size, flags, and numbers. */
const frameOverhead = 64;

/**
 * Whether a message's content header fits in one frame, as it must: RabbitMQ closes the connection otherwise. Matters where a
 * connection has a small `frameMax`; at most as exact as needed, and never too small.
 */
export function fitsFrame(frameMax: number, options: object, headers: object): boolean {
  let size = frameOverhead + tableSize(headers);
  for (const name of names) {
    const value = (options as Record<string, unknown>)[name];
    if (name === 'CC' || name === 'BCC') size += value === undefined ? 0 : 16 + valueSize([value].flat().map(String));
    else size += typeof value === 'string' ? valueSize(value) : 32;
  }
  return size <= frameMax;
}

/** AMQP 0-9-1 field table as amqplib encodes it. */
function tableSize(table: object): number {
  let size = 4;
  for (const name in table) {
    const value = (table as Record<string, unknown>)[name];
    if (value !== undefined) size += 1 + Buffer.byteLength(name) + valueSize(value);
  }
  return size;
}

function valueSize(value: unknown): number {
  if (typeof value === 'string') return 5 + Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return 9;
  if (Buffer.isBuffer(value)) return 5 + value.length;
  if (Array.isArray(value)) return value.reduce<number>((size, item) => size + valueSize(item), 5);
  return '!' in value ? 9 + valueSize((value as { value?: unknown }).value) : 1 + tableSize(value);
}
