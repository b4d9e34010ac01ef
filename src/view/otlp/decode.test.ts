import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeJson, decodeProtobuf } from '../../../test-support/otlp-decode.ts';
import { jsonRequest, request, spanId, traceId } from '../testing/otlp.ts';
import { weightOf } from './attribute-names.ts';
import { decodeTraces } from './decode-traces.ts';
import { jsonToProtobuf } from './json-to-protobuf.ts';
import { resourceAttributes, spanDetail } from './span-detail.ts';
import { Operation, type SpanRecord } from './span-record.ts';

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((each) => Buffer.from(each).toString('hex'));
const spans = fc.array(
  fc.record({
    traceId: hex(16),
    spanId: hex(8),
    parent: hex(8),
    name: fc.string({ unit: 'binary' }),
    kind: fc.constantFrom(
      'internal' as const,
      'server' as const,
      'client' as const,
      'producer' as const,
      'consumer' as const,
    ),
    start: fc.integer({ min: 1, max: 2 ** 42 }),
    error: fc.boolean(),
    attributes: fc.dictionary(
      fc.string(),
      fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.double({ noNaN: true })),
    ),
    links: fc.array(fc.record({ traceId: hex(16), spanId: hex(8) }), { maxLength: 30 }),
  }),
  { maxLength: 5 },
);

type Decoded = Pick<SpanRecord, 'idHigh' | 'idLow' | 'start' | 'status'> & { links: number };

function decoded(bytes: Buffer): Decoded[] {
  const all: Decoded[] = [];
  decodeTraces(bytes, {
    resource: () => {},
    scope: () => {},
    span: ({ idHigh, idLow, start, status, links }) =>
      void all.push({ idHigh, idLow, start, status, links: links.count }),
  });
  return all;
}

test('JSON is converted to equivalent protobuf', () => {
  fc.assert(
    fc.property(spans, (given) => {
      const json = jsonRequest('shop', given);
      const text = Buffer.from(JSON.stringify(json));
      expect(decodeProtobuf(jsonToProtobuf('traces', JSON.parse(text.toString())))).toEqual(decodeJson(text));
    }),
  );
});

test('the decoder reads the same as protobufjs', () => {
  fc.assert(
    fc.property(spans, (given) => {
      const bytes = request('shop', given);
      const right = decodeProtobuf(bytes);
      const ours = decoded(bytes);
      expect(ours.map(({ start, status }) => [start, status === 2])).toEqual(
        right.map((span) => [Number(span.startTimeUnixNano) / 1e6, span.status.code === 'ERROR']),
      );
      expect(ours.map(({ idHigh, idLow }) => [idHigh, idLow])).toEqual(
        right.map((span) => [Number.parseInt(span.spanId.slice(0, 8), 16), Number.parseInt(span.spanId.slice(8), 16)]),
      );
      expect(ours.map(({ links }) => links)).toEqual(
        right.map((span) => span.links.filter((link) => !/^0+$/.test(link.spanId)).length),
      );
    }),
  );
});

test('damaged requests either throw a RangeError or are decoded', () => {
  const whole = request('shop', [
    {
      traceId: traceId(),
      spanId: spanId(),
      kind: 'producer',
      attributes: { 'messaging.system': 'kafka', a: 1.5, b: true },
      links: [{ spanId: spanId() }],
    },
  ]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(whole.length),
      (changes, length) => {
        const bytes = Buffer.from(whole.subarray(0, length));
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        try {
          decoded(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        spanDetail(bytes);
        resourceAttributes(bytes);
      },
    ),
    { numRuns: 3000 },
  );
});

test.each([
  // OpenTelemetry's JavaScript, Java, Python and Go instrumentations, with the current and earlier attribute names.
  [
    'kafkajs 0.32',
    'producer',
    { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders', 'messaging.operation.type': 'send' },
    Operation.send,
  ],
  [
    'amqplib publish',
    'producer',
    { 'messaging.system': 'rabbitmq', 'messaging.destination': 'orders', 'messaging.rabbitmq.routing_key': 'k' },
    Operation.send,
  ],
  [
    'amqplib process',
    'consumer',
    { 'messaging.system': 'rabbitmq', 'messaging.destination': 'orders', 'messaging.operation': 'process' },
    Operation.process,
  ],
  [
    'Java 1.x',
    'consumer',
    {
      'messaging.system': 'kafka',
      'messaging.destination.name': 'orders',
      'messaging.operation': 'receive',
      'messaging.kafka.consumer.group': 'g',
    },
    Operation.receive,
  ],
  [
    'Java 2.x',
    'producer',
    { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders', 'messaging.operation': 'publish' },
    Operation.send,
  ],
  [
    'Python kafka',
    'consumer',
    { 'messaging.system': 'kafka', 'messaging.destination': 'orders', 'messaging.operation': 'receive' },
    Operation.receive,
  ],
  [
    'Go sarama',
    'producer',
    { 'messaging.system': 'kafka', 'messaging.destination': 'orders', 'messaging.destination_kind': 'topic' },
    Operation.send,
  ],
])('spans of %s are decoded', (_, kind, attributes, operation) => {
  const seen: { destination: string; operation: number; kind: number }[] = [];
  decodeTraces(request('other', [{ kind: kind as 'producer', attributes }], 'other'), {
    resource: () => {},
    scope: () => {},
    span: (record) => {
      seen.push({ destination: record.destination, operation: record.operation, kind: record.kind });
    },
  });
  expect(seen[0]?.destination).toBe('orders');
  // An operation that only the kind reveals is set later, by the store.
  expect([operation, Operation.none]).toContain(seen[0]?.operation);
});

test.each([
  ['ot=th:0', 1],
  ['ot=th:8', 2],
  ['ot=rv:00000000000000;th:c', 4],
  ['a=b,ot=th:e', 8],
  ['ot=th:ffffffffffffff', 2 ** 20],
  ['ot=th:', undefined],
  ['xot=th:8', undefined],
  ['', undefined],
])('the weight of %j is %j', (traceState, weight) => {
  expect(weightOf(traceState)).toBe(weight);
});
