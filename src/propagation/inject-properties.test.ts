import { type Context, propagation, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { amqpHeaders, type CarrierAdapter, httpHeaders, kafkaHeaders, redisFields } from '../../carriers/index.ts';
import { extract, getBaggage, inject } from './index.ts';
import { mqtracePropagator } from './propagator.ts';

const names = ['traceparent', 'tracestate', 'baggage'];
const name = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom(...names, 'TraceParent', 'BAGGAGE', 'Tracestate', 'a', '__proto__', 'toString'),
  },
  fc.stringMatching(/^[a-zA-Z][\w-]{0,12}$/),
);
const text = fc.oneof(
  fc.string(),
  fc.constantFrom('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'k=v', 'a=1'),
);
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const record = (value: fc.Arbitrary<unknown>): fc.Arbitrary<object> =>
  fc.array(fc.tuple(name, value), { maxLength: 8 }).map((entries) => Object.fromEntries(entries));
const fields = fc
  .array(fc.tuple(fc.oneof(name, bytes), fc.oneof(text, bytes)), { maxLength: 8 })
  .map((pairs) => pairs.flat());

/** An entry that was already sent: fields of the application, followed by trace fields of an earlier message. */
const sentBefore = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom('a', 'b', '__proto__'), fc.oneof(text, bytes)), { maxLength: 4 }),
    fc
      .subarray(names)
      .chain((some) => fc.tuple(...some.map((one) => fc.tuple(fc.constant(one), fc.oneof(text, bytes))))),
  )
  .map(([own, run]): (string | Buffer)[] => [...own, ...run].flat());

// oxlint-disable-next-line typescript/no-explicit-any -- a table of adapters for different shapes
const formats: [string, CarrierAdapter<any>, fc.Arbitrary<object>][] = [
  ['Kafka', kafkaHeaders, record(fc.oneof(text, bytes, fc.array(fc.oneof(text, bytes)), fc.constant(undefined)))],
  [
    'AMQP',
    amqpHeaders,
    record(fc.oneof(text, bytes, fc.integer(), fc.boolean(), fc.constant(null), record(text), fc.array(text))),
  ],
  ['HTTP', httpHeaders, record(fc.oneof(text, fc.array(text), fc.integer(), fc.constant(undefined)))],
  ['Redis', redisFields, sentBefore],
];

const hex = (length: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((digits) => !/^0+$/.test(digits));
const carried = fc
  .record({
    traceId: hex(32),
    spanId: hex(16),
    sampled: fc.boolean(),
    baggage: fc.dictionary(fc.stringMatching(/^[a-z.]{1,8}$/), fc.string({ unit: 'binary', maxLength: 20 }), {
      maxKeys: 4,
    }),
  })
  .map(({ traceId, spanId, sampled, baggage }): Context => {
    const spanContext = { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE };
    const entries = Object.fromEntries(Object.entries(baggage).map(([key, value]) => [key, { value }]));
    return propagation.setBaggage(trace.setSpanContext(ROOT_CONTEXT, spanContext), propagation.createBaggage(entries));
  });

/** The trace and baggage of a context as plain data. A lone surrogate has no UTF-8 form and is sent as U+FFFD. */
function plain(context: Context): unknown {
  const { traceId, spanId, traceFlags } = trace.getSpanContext(context) ?? {};
  const entries = getBaggage(context)
    .getAllEntries()
    .map(([key, { value }]) => [key, Buffer.from(value).toString()] as const);
  return [traceId, spanId, traceFlags, Object.fromEntries(entries)];
}

test.each(formats)(
  '%s: an injected context is extracted, for any previous headers, which are not changed',
  (_, adapter, headers) => {
    fc.assert(
      fc.property(headers, carried, carried, (given, first, second) => {
        const before = structuredClone(given);
        const sent: object = inject(adapter, Object.freeze(given), first, { propagator: 'mqtrace' });
        expect(structuredClone(given)).toStrictEqual(before);
        expect(plain(extract(adapter, sent, ROOT_CONTEXT, { propagator: 'mqtrace' }))).toStrictEqual(plain(first));
        // A forwarded message has nothing of the earlier context.
        const again: object = inject(adapter, sent, second, { propagator: 'mqtrace' });
        expect(again).toStrictEqual(inject(adapter, given, second, { propagator: 'mqtrace' }));
      }),
      { numRuns: 300 },
    );
  },
);

test.each(formats)('%s: no received value makes extract throw or creates a trace', (_, adapter, headers) => {
  fc.assert(
    fc.property(fc.oneof(headers, fc.anything()), (given) => {
      const spanContext = trace.getSpanContext(extract(adapter, given, ROOT_CONTEXT, { propagator: 'mqtrace' }));
      expect(spanContext === undefined || trace.isSpanContextValid(spanContext)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('Redis: the hidden fields of an entry are those that were added to it', () => {
  const end = (entry: (string | Buffer)[]): number => redisFields.trailingRun(entry, mqtracePropagator.fields());
  fc.assert(
    fc.property(fields, carried, (given, context) => {
      const sent = inject(redisFields, given, context, { propagator: 'mqtrace' });
      expect(sent.slice(0, end(sent))).toStrictEqual(given.slice(0, end(given)));
    }),
    { numRuns: 300 },
  );
});
