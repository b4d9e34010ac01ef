import { expect, test } from 'vitest';
import {
  amqpHeaders,
  type AmqpHeaders,
  httpHeaders,
  type HttpHeaders,
  kafkaHeaders,
  type KafkaHeaders,
  redisFields,
} from './index.ts';
import { carrierConformance } from './testing/conformance.ts';

function record(pairs: [string, string | Buffer][]): Record<string, string | Buffer | (string | Buffer)[]> {
  const headers: Record<string, string | Buffer | (string | Buffer)[]> = {};
  for (const [name, value] of pairs) {
    const present = headers[name];
    if (present === undefined) headers[name] = value;
    else headers[name] = Array.isArray(present) ? [...present, value] : [present, value];
  }
  return headers;
}

const notHeaders: unknown[] = [null, undefined, 3, 'traceparent', true, Symbol('x'), []];
const oddValues = (value: unknown): unknown => ({ traceparent: value, baggage: value });

carrierConformance<KafkaHeaders>({
  adapter: kafkaHeaders,
  make: record,
  repeatedTraceparent: 'last',
  oddShapes: [
    ...notHeaders,
    ...[null, undefined, 7, {}, [], [null], [{}]].map(oddValues),
    Object.create({ traceparent: 'inherited' }),
  ],
});

carrierConformance<AmqpHeaders>({
  adapter: amqpHeaders,
  make: record,
  repeatedTraceparent: 'last',
  oddShapes: [
    ...notHeaders,
    ...[null, 7, true, { nested: 'table' }, { '!': 'timestamp', value: 1 }, [], [[]], [{}]].map(oddValues),
  ],
});

carrierConformance<HttpHeaders>({
  adapter: httpHeaders,
  // Node joins repeats of every header but a few with a comma and a space.
  make: (pairs) => {
    const headers: Record<string, string> = {};
    for (const [name, value] of pairs)
      headers[name] = headers[name] === undefined ? String(value) : `${headers[name]}, ${String(value)}`;
    return headers;
  },
  lacks: { buffers: true },
  repeatedTraceparent: 'malformed',
  oddShapes: [...notHeaders, ...[null, undefined, 7, {}, []].map(oddValues)],
});

carrierConformance<HttpHeaders>({
  adapter: { ...httpHeaders, name: 'http Headers', copy: (headers) => httpHeaders.copy(headers ?? new Headers()) },
  make: (pairs) => {
    const headers = new Headers();
    for (const [name, value] of pairs) headers.append(name, String(value));
    return headers;
  },
  lacks: { buffers: true, twoSpellings: true },
  repeatedTraceparent: 'malformed',
  oddShapes: [new Headers()],
});

carrierConformance<(string | Buffer)[]>({
  adapter: redisFields,
  make: (pairs) => pairs.flat(),
  repeatedTraceparent: 'last',
  oddShapes: [
    null,
    undefined,
    3,
    'traceparent',
    {},
    [],
    ['traceparent'],
    [null, null],
    ['traceparent', null],
    [{}, {}],
  ],
});

test('amqp: inherited headers are read and copied, because amqplib sends them', () => {
  const inherited: AmqpHeaders = Object.create({ traceparent: 'inherited' }) as AmqpHeaders;
  expect(amqpHeaders.get(inherited, 'traceparent')).toBe('inherited');
  expect(amqpHeaders.copy(inherited)).toEqual({ traceparent: 'inherited' });
});

test('redis: only a trailing run of trace fields, in order, is replaced; the same names elsewhere are the payload', () => {
  const names = ['traceparent', 'tracestate', 'baggage'];
  const own = ['baggage', 'two suitcases', 'traceparent', 'mine', 'weight', '20'];
  const sent = [...own, 'traceparent', 'tp', 'baggage', 'k=v'];
  expect(redisFields.trailingRun(sent, names)).toBe(own.length);
  expect(redisFields.get(sent, 'traceparent')).toBe('tp');
  expect(redisFields.trailingRun(own, names)).toBe(own.length);
  const payloadLast = ['weight', '20', 'baggage', 'two suitcases'];
  expect(redisFields.trailingRun([...payloadLast, 'traceparent', 'tp'], names)).toBe(payloadLast.length);
  expect(redisFields.trailingRun([...payloadLast, 'traceparent', 'tp', 'baggage', 'k=v'], names)).toBe(
    payloadLast.length,
  );
  const odd = ['a', 'b', 'traceparent'];
  expect(redisFields.trailingRun(odd, names)).toBe(odd.length);
});

test('redis: field names may be Buffers', () => {
  const fields = [Buffer.from('TraceParent'), Buffer.from('tp')];
  expect(redisFields.get(fields, 'traceparent')).toBe('tp');
  expect(redisFields.trailingRun(fields, ['traceparent'])).toBe(0);
});
