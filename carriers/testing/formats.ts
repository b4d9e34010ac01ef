// Every header format, for suites that run for all of them.
import {
  amqpHeaders,
  type AmqpHeaders,
  type CarrierAdapter,
  httpHeaders,
  type HttpHeaders,
  kafkaHeaders,
  type KafkaHeaders,
  redisFields,
  type RedisFields,
} from '../index.ts';

/** Header names and values in order, as another service would write them. */
export type HeaderPairs = [name: string, value: string | Buffer][];

/** One header shape: its adapter, and how a client passes headers that were written. */
export interface Format<H> {
  adapter: CarrierAdapter<H>;
  make: (pairs: HeaderPairs) => H;
  /** HTTP has its own rules for names and repetitions. */
  http: boolean;
  /** Whether names are read in every spelling, or only in those that writers use. */
  anyCase: boolean;
}

function record(pairs: HeaderPairs): Record<string, string | Buffer | (string | Buffer)[]> {
  const headers: Record<string, string | Buffer | (string | Buffer)[]> = {};
  for (const [name, value] of pairs) {
    const present = headers[name];
    if (present === undefined) headers[name] = value;
    else headers[name] = Array.isArray(present) ? [...present, value] : [present, value];
  }
  return headers;
}

export const kafkaFormat: Format<KafkaHeaders> = { adapter: kafkaHeaders, make: record, http: false, anyCase: false };

/** As kafkajs delivers them. */
export const kafkaBufferFormat: Format<KafkaHeaders> = {
  adapter: { ...kafkaHeaders, name: 'kafka, received' },
  make: (pairs) => record(pairs.map(([name, value]) => [name, Buffer.from(value)])),
  http: false,
  anyCase: false,
};

/** As in a message that was converted to JSON. */
export const kafkaJsonFormat: Format<KafkaHeaders> = {
  adapter: { ...kafkaHeaders, name: 'kafka, JSON' },
  make: (pairs) => JSON.parse(JSON.stringify(kafkaBufferFormat.make(pairs))) as KafkaHeaders,
  http: false,
  anyCase: false,
};

function map(pairs: HeaderPairs, key: (name: string) => unknown): Map<unknown, unknown> {
  const headers = new Map<unknown, unknown>();
  // Keys of bytes are never equal, so repetitions are separate entries.
  for (const [name, value] of pairs) {
    const present = headers.get(name);
    headers.set(key(name), present === undefined ? value : [present, value].flat());
  }
  return headers;
}

/** As some clients return them: a Map whose names are text or bytes. */
export const kafkaMapFormat: Format<KafkaHeaders> = {
  adapter: {
    ...kafkaHeaders,
    name: 'kafka, Map',
    copy: (headers) => kafkaHeaders.copy(headers ?? (new Map() as never)),
  },
  make: (pairs) => map(pairs, (name) => name) as unknown as KafkaHeaders,
  http: false,
  anyCase: true,
};

export const amqpMapFormat: Format<AmqpHeaders> = {
  adapter: { ...amqpHeaders, name: 'amqp, Map', copy: (headers) => amqpHeaders.copy(headers ?? (new Map() as never)) },
  make: (pairs) => map(pairs, (name) => Buffer.from(name)) as unknown as AmqpHeaders,
  http: false,
  anyCase: true,
};

export const amqpFormat: Format<AmqpHeaders> = { adapter: amqpHeaders, make: record, http: false, anyCase: false };

export const redisFormat: Format<RedisFields> = {
  adapter: redisFields,
  make: (pairs) => pairs.flat(),
  http: false,
  anyCase: true,
};

/** As other clients return the fields of an entry: by name, in a Map. */
export const redisMapFormat: Format<RedisFields> = {
  adapter: { ...redisFields, name: 'redis, Map' },
  // Keys of bytes are never equal, so repetitions are separate fields.
  make: (pairs) => new Map(pairs.map(([name, value]) => [Buffer.from(name), value])) as unknown as RedisFields,
  http: false,
  anyCase: true,
};

/** Node lower-cases names and joins the repetitions of most headers with a comma and a space. */
export const httpFormat: Format<HttpHeaders> = {
  adapter: httpHeaders,
  make: (pairs) => {
    const headers: Record<string, string> = {};
    for (const [name, value] of pairs)
      headers[name] = headers[name] === undefined ? String(value) : `${headers[name]}, ${String(value)}`;
    return headers;
  },
  http: true,
  anyCase: true,
};

export const webHeadersFormat: Format<HttpHeaders> = {
  adapter: { ...httpHeaders, name: 'http Headers', copy: (headers) => httpHeaders.copy(headers ?? new Headers()) },
  make: (pairs) => {
    const headers = new Headers();
    for (const [name, value] of pairs) headers.append(name, String(value));
    return headers;
  },
  http: true,
  anyCase: true,
};

/** Every format under one type, for suites that treat the headers as opaque. */
export const formats: readonly Format<unknown>[] = [
  kafkaFormat,
  kafkaBufferFormat,
  kafkaJsonFormat,
  kafkaMapFormat,
  amqpFormat,
  amqpMapFormat,
  redisFormat,
  redisMapFormat,
  httpFormat,
  webHeadersFormat,
] as readonly unknown[] as readonly Format<unknown>[];
