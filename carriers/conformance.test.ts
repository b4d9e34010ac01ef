import { expect, test } from 'vitest';
import { amqpHeaders, type AmqpHeaders, cloudEvents, environment, redisFields, droppedHeaders } from './index.ts';
import { headerByteLimits } from './limits.ts';
import { spellings } from './spellings.ts';
import { carrierConformance } from './testing/conformance.ts';
import {
  amqpFormat,
  amqpMapFormat,
  type Format,
  formats,
  httpFormat,
  kafkaFormat,
  kafkaMapFormat,
  redisFormat,
  redisMapFormat,
  webHeadersFormat,
} from './testing/formats.ts';

const notHeaders: unknown[] = [null, undefined, 3, 'traceparent', true, Symbol('x'), []];
const oddValues = (value: unknown): unknown => ({ traceparent: value, baggage: value });

carrierConformance({
  ...kafkaFormat,
  repeatedTraceparent: 'last',
  oddShapes: [
    ...notHeaders,
    ...[null, undefined, 7, {}, [], [null], [{}]].map(oddValues),
    Object.create({ traceparent: 'inherited' }),
  ],
});

carrierConformance({
  ...amqpFormat,
  repeatedTraceparent: 'last',
  oddShapes: [
    ...notHeaders,
    ...[null, 7, true, { nested: 'table' }, { '!': 'timestamp', value: 1 }, [], [[]], [{}]].map(oddValues),
  ],
});

for (const format of [kafkaMapFormat, amqpMapFormat]) {
  carrierConformance<Record<string, unknown>>({
    ...format,
    repeatedTraceparent: 'last',
    oddShapes: [...notHeaders, new Map([['traceparent', 7]]), new Map([[{}, 'x']]), new Map([[null, null]])],
  });
}

carrierConformance({
  ...httpFormat,
  lacks: { buffers: true },
  repeatedTraceparent: 'malformed',
  oddShapes: [...notHeaders, ...[null, undefined, 7, {}, []].map(oddValues)],
});

carrierConformance({
  ...webHeadersFormat,
  lacks: { buffers: true, twoSpellings: true },
  repeatedTraceparent: 'malformed',
  oddShapes: [new Headers()],
});

carrierConformance({
  ...redisFormat,
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

carrierConformance({
  ...redisMapFormat,
  repeatedTraceparent: 'last',
  oddShapes: [new Map(), new Map([['traceparent', 7]]), new Map([[null, null]]), { traceparent: null }],
});

test('redis: fields by name are read, and copied as a list', () => {
  const byName = { order: '7', traceparent: 'x' } as never;
  expect(redisFields.get(byName, 'traceparent')).toBe('x');
  expect(redisFields.keys(byName)).toEqual(['order', 'traceparent']);
  for (const fields of [byName, new Map(Object.entries(byName)) as never]) {
    const copy = redisFields.copy(fields);
    redisFields.remove(copy, ['traceparent']);
    redisFields.set(copy, 'traceparent', 'y');
    expect(copy).toEqual(['order', '7', 'traceparent', 'y']);
  }
});

test('environment: a Map is read, and copied as an object, as Node requires', () => {
  const variables = new Map([
    ['TRACEPARENT', 'x'],
    ['MINE', '1'],
  ]) as never;
  expect(environment.get(variables, 'traceparent')).toBe('x');
  expect(environment.keys(variables)).toEqual(['traceparent', 'mine']);
  const copy = environment.copy(variables);
  expect(copy).toEqual({ TRACEPARENT: 'x', MINE: '1' });
  expect(copy).not.toBeInstanceOf(Map);
});

test('amqp: inherited headers are read and copied, because amqplib sends them', () => {
  const inherited: AmqpHeaders = Object.create({ traceparent: 'inherited' }) as AmqpHeaders;
  expect(amqpHeaders.get(inherited, 'traceparent')).toBe('inherited');
  expect(amqpHeaders.copy(inherited)).toEqual({ traceparent: 'inherited' });
});

test('redis: only an ordered trailing run of trace fields is replaced; the same names elsewhere are payload', () => {
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

const throughJson = (value: unknown): never => JSON.parse(JSON.stringify(value)) as never;

test.each(formats)('$adapter.name: bytes that were converted to JSON are read, within the limits', ({ adapter }) => {
  const headers = (name: string, value: unknown): unknown =>
    adapter.name === 'redis' ? [name, value] : { [name]: value };
  const read = (name: string, value: Buffer): unknown => adapter.get(throughJson(headers(name, value)), name);
  expect(read('traceparent', Buffer.from('00-a'))).toBe('00-a');
  expect(read('baggage', Buffer.from('k=€'))).toBe('k=€');
  expect(read('traceparent', Buffer.alloc(256, 'x'))).toHaveLength(256);
  expect(read('traceparent', Buffer.alloc(257, 'x'))).toBeUndefined();
  expect(read('baggage', Buffer.alloc(100_000, 'k=v,'))).toHaveLength(8191);
  for (const junk of [
    { type: 'Buffer' },
    { type: 'Buffer', data: 'x' },
    { type: 'Buffer', data: [{}] },
    { data: [1] },
  ]) {
    expect(adapter.get(headers('traceparent', junk), 'traceparent')).toBeUndefined();
  }
  const sparse = { type: 'Buffer', data: Object.assign([], { length: 2 ** 32 - 1 }) };
  expect(adapter.get(headers('traceparent', sparse), 'traceparent')).toBeUndefined();
});

test('redis: names and values that were converted to JSON are read', () => {
  const fields = ['mine', '1', 'traceparent', 'tp', 'baggage', 'k=v'].map((text) => Buffer.from(text));
  const stored: Buffer[] = throughJson(fields);
  expect(redisFields.get(stored, 'traceparent')).toBe('tp');
  expect(redisFields.keys(stored)).toEqual(['mine', 'traceparent', 'baggage']);
  expect(redisFields.trailingRun(stored, ['traceparent', 'tracestate', 'baggage'])).toBe(2);
});

test('redis: field names may be Buffers', () => {
  const fields = [Buffer.from('TraceParent'), Buffer.from('tp')];
  expect(redisFields.get(fields, 'traceparent')).toBe('tp');
  expect(redisFields.trailingRun(fields, ['traceparent'])).toBe(0);
});

test('queues: if a name has several spellings, the lower-case one counts as the last', () => {
  const headers = { traceparent: 'lower', Traceparent: 'capital' };
  expect(kafkaFormat.adapter.get(headers, 'traceparent')).toBe('lower');
  expect(kafkaFormat.adapter.getAll(headers, 'traceparent')).toEqual(['capital', 'lower']);
});

test('dropped headers are counted by reason', () => {
  const before = droppedHeaders();
  kafkaFormat.adapter.get({ traceparent: 'x'.repeat(257) }, 'traceparent');
  kafkaFormat.adapter.get({ baggage: 'k=v,'.repeat(3000) }, 'baggage');
  kafkaFormat.adapter.get({ baggage: Array.from({ length: 100 }, () => 'k=v') }, 'baggage');
  const after = droppedHeaders();
  expect(after['header-too-long'] - before['header-too-long']).toBe(1);
  expect(after['list-cut'] - before['list-cut']).toBe(1);
  expect(after['too-many-repeats'] - before['too-many-repeats']).toBe(1);
});

test('a huge header is cut at whole members and does not keep the original in memory, also with multi-byte characters', () => {
  for (const member of ['k=v', 'k=€', 'k=\u{1f600}']) {
    for (const padding of [0, 1, 2, 3]) {
      const text = `p=${'x'.repeat(padding)},${`${member},`.repeat(5000)}`;
      for (const value of [text, Buffer.from(text)]) {
        const read = amqpFormat.adapter.get({ baggage: value }, 'baggage')!;
        expect(Buffer.byteLength(read)).toBeLessThanOrEqual(8192);
        expect(Buffer.byteLength(`${read},${member}`)).toBeGreaterThan(8192);
        expect(new Set(read.split(',').slice(1))).toEqual(new Set([member]));
      }
    }
  }
});

const throwing = (): never => {
  throw new Error('no');
};
const hostileProxy = (target: object): object =>
  new Proxy(target, { get: throwing, has: throwing, ownKeys: throwing, getOwnPropertyDescriptor: throwing });
const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const hostile: [string, () => unknown][] = [
  ['a revoked proxy', () => revoked({})],
  ['a revoked proxy of an array', () => revoked([])],
  ['a proxy that throws', () => hostileProxy({})],
  ['an array that throws', () => hostileProxy(['traceparent', 'x'])],
  ['a getter that throws', () => Object.defineProperty({}, 'traceparent', { enumerable: true, get: throwing })],
  ['a field that throws', () => Object.defineProperty(['traceparent', 'x'], 1, { get: throwing })],
  ['a value that is a revoked proxy', () => oddValues(revoked([]))],
  ['a value that only inherits from Buffer', () => oddValues(Object.create(Buffer.prototype))],
  ['a field that only inherits from Buffer', () => [Object.create(Buffer.prototype), 'x']],
  ['values of a list that throws', () => oddValues(hostileProxy(['x', 'y']))],
  ['a list of four billion holes', () => oddValues(Object.assign([], { length: 2 ** 32 - 1 }))],
  ['numbers in bytes', () => oddValues(new Float64Array(10))],
];
const everyFormat: Format<unknown>['adapter'][] = [
  ...formats.map(({ adapter }) => adapter),
  environment,
  cloudEvents(kafkaFormat.adapter) as Format<unknown>['adapter'],
];

test.each(hostile)('from %s nothing is read, and nothing is thrown', (_, make) => {
  for (const adapter of everyFormat) {
    for (const name of ['traceparent', 'baggage', 'ce_traceparent']) {
      expect(adapter.get(make(), name)).toBeUndefined();
      expect(adapter.getAll(make(), name)).toEqual([]);
    }
    expect(adapter.keys(make())).toEqual(expect.any(Array));
  }
});

test('invalid UTF-8 becomes U+FFFD, and is cut to whole members before decoding', () => {
  const member = Buffer.from([0x6b, 0x3d, 0xff, 0x2c]);
  expect(amqpFormat.adapter.get({ baggage: Buffer.alloc(40, member) }, 'baggage')).toBe('k=\ufffd,'.repeat(10));
  const before = droppedHeaders();
  const read = amqpFormat.adapter.get({ baggage: Buffer.alloc(8192, member) }, 'baggage')!;
  expect(new Set(read.split(','))).toEqual(new Set(['k=\ufffd']));
  expect(Buffer.byteLength(read)).toBeLessThanOrEqual(headerByteLimits.baggage);
  expect(amqpFormat.adapter.get({ baggage: Buffer.alloc(8192, 0xff) }, 'baggage')).toBeUndefined();
  expect(droppedHeaders()['list-cut'] - before['list-cut']).toBe(1);
  expect(droppedHeaders()['header-too-long'] - before['header-too-long']).toBe(1);
});

test('very long names from untrusted senders are neither respelled nor cached', () => {
  const name = `uberctx-${'x'.repeat(300)}`;
  expect(spellings(name)).toEqual([name]);
  expect(kafkaFormat.adapter.get({ [name]: 'v' }, name)).toBe('v');
});
