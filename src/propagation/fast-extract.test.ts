import { type Context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { droppedHeaders } from '../../carriers/dropped-headers.ts';
import { amqpHeaders, httpHeaders, kafkaHeaders, redisFields } from '../../carriers/index.ts';
import { isRandomTraceId } from '../common/random-trace-id.ts';
import { tracingFaults } from '../common/faults.ts';
import { fastExtract } from './fast-extract.ts';
import { extractFrom, injectCopy } from './inject-extract.ts';
import { mqtracePropagator } from './propagator.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const plain = `00-${traceId}-b7ad6b7169203331-01`;

type Extract = <H>(adapter: CarrierAdapter<H>, headers: H) => Context | undefined;
const slowly: Extract = (adapter, headers) => extractFrom(mqtracePropagator, adapter, headers, ROOT_CONTEXT);

/** All observable results for a received message: the read context, the propagated headers, and the counters. */
function observed(extract: Extract, adapter: CarrierAdapter<never>, headers: unknown): object | undefined {
  const before = { ...droppedHeaders() };
  const faults = tracingFaults();
  const context = extract(adapter, headers as never);
  if (context === undefined) return undefined;
  const spanContext = trace.getSpanContext(context);
  const baggage = propagation.getBaggage(context);
  const out = injectCopy(mqtracePropagator, httpHeaders, {}, context);
  const counted = Object.entries(droppedHeaders()).filter(([reason, count]) => count !== before[reason as never]);
  return {
    spanContext: spanContext && { ...spanContext, traceState: spanContext.traceState?.serialize() },
    entries: baggage?.getAllEntries().map(([key, { value, metadata }]) => [key, value, metadata?.toString()]),
    random: spanContext && isRandomTraceId(context, spanContext.traceId),
    randomKept: isRandomTraceId(trace.deleteSpan(context), traceId),
    out,
    dropped: counted.map(([reason, count]) => [reason, count - before[reason as never]]),
    faults: tracingFaults() - faults,
  };
}

/** The results of both paths; the same one twice if the fast path does not handle the message. */
function both(adapter: CarrierAdapter<never>, headers: unknown): [fast: unknown, slow: unknown] {
  const fast = observed(fastExtract, adapter, headers);
  return fast === undefined ? [fast, fast] : [fast, observed(slowly, adapter, headers)];
}

const hex = fc.constantFrom(...Array.from('0123456789abcdef'));
const hexText = (length: number): fc.Arbitrary<string> =>
  fc.array(hex, { minLength: length, maxLength: length }).map((digits) => digits.join(''));
const wellFormed = fc
  .tuple(hexText(32), hexText(16), fc.constantFrom('00', '01', '02', '03', '04', 'ff', '1f'))
  .map(([trace, span, flags]) => `00-${trace}-${span}-${flags}`);
/** One character of a well-formed value replaced, removed or added. */
const nearlyWellFormed = fc
  .tuple(wellFormed, fc.nat(56), fc.constantFrom('', 'g', 'A', '-', ' ', '\n', 'é', '\u{1F600}', '0', 'ff'), fc.nat(2))
  .map(([text, at, put, removed]) => text.slice(0, at) + put + text.slice(at + removed));
const traceparents = fc.oneof(
  wellFormed,
  nearlyWellFormed,
  fc.constantFrom(
    '',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `01-${traceId}-b7ad6b7169203331-01`,
    `ff-${traceId}-b7ad6b7169203331-01`,
    `01-${traceId}-b7ad6b7169203331-01-more`,
    ` ${plain}`,
    `${plain} `,
    `${plain}-`,
  ),
);
const member = fc.oneof(
  fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), fc.stringMatching(/^[\w%+ é;=]{0,8}$/)).map((pair) => pair.join('=')),
  fc.constantFrom('a=1', 'a=2', ' b = c ', '', 'noequals', '=x', 'k=%E4%BD', 'k=v;p=1', '\u00e9=1', 'k="q"'),
);
const baggages = fc.oneof(
  fc.array(member, { maxLength: 12 }).map((members) => members.join(',')),
  fc.constantFrom(' ', '\t', `k=${'v'.repeat(2800)}`, `k=${'é'.repeat(5000)}`, Array(70).fill('a=1').join(',')),
);
const tracestates = fc.oneof(
  fc.constantFrom('', 'vendor=1', 'ot=th:8', 'A=1', 'a=1,a=2', 'x'.repeat(5000), 'mqtrace=1;mgj6k3cw;2;a,ot=th:8;rv:1'),
  fc.constantFrom(
    ' a=1',
    'a=1 ',
    'a=ü',
    `a=${'x'.repeat(600)}`,
    Array.from({ length: 33 }, (_, at) => `k${at}=1`).join(),
  ),
);

/** A text in one of the forms that messages use, or another value. */
function inAnyForm(texts: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  const form = fc.constantFrom('text', 'text', 'bytes', 'bytes', 'uint8', 'json', 'list', 'other');
  return fc
    .tuple(texts, texts, form, fc.constantFrom(null, undefined, 7, true, {}, [], Symbol('s')))
    .map(([text, second, as, other]) => {
      if (as === 'text') return text;
      if (as === 'bytes') return Buffer.from(text);
      if (as === 'uint8') return Uint8Array.from(Buffer.from(text));
      if (as === 'json') return Buffer.from(text).toJSON();
      return as === 'list' ? [Buffer.from(text), second] : other;
    });
}

const field = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('traceparent'), inAnyForm(traceparents)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('baggage'), inAnyForm(baggages)) },
  fc.tuple(fc.constantFrom('TRACEPARENT', 'Traceparent', 'TraceParent', 'traceParent'), inAnyForm(traceparents)),
  fc.tuple(
    fc.constantFrom('tracestate', 'TRACESTATE', 'Tracestate', 'TraceState', 'traceState'),
    inAnyForm(tracestates),
  ),
  fc.tuple(fc.constantFrom('BAGGAGE', 'Baggage', 'bAGGAGE'), inAnyForm(baggages)),
  fc.tuple(fc.constantFrom('order', 'constructor', 'toString', 'content-type'), inAnyForm(fc.constant('7'))),
);
const fields = fc.array(field, { maxLength: 6 });
const records = fc
  .tuple(fields, fc.constantFrom('plain', 'plain', 'plain', 'null', 'inherited', 'map'))
  .map(([all, as]): unknown => {
    if (as === 'map') return new Map(all);
    const record = Object.fromEntries(all);
    if (as === 'null') return Object.assign(Object.create(null), record);
    return as === 'inherited' ? Object.create(record) : record;
  });

describe.each([
  ['kafka', kafkaHeaders as CarrierAdapter<never>],
  ['amqp', amqpHeaders as CarrierAdapter<never>],
])('%s headers', (_name, adapter) => {
  test('the fast path reads what the slow path reads, or nothing', () => {
    fc.assert(
      fc.property(records, (headers) => {
        const [fast, slow] = both(adapter, headers);
        expect(fast).toEqual(slow);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['text', { traceparent: plain }],
    ['bytes', { traceparent: Buffer.from(plain) }],
    ['the random flag', { traceparent: plain.replace(/1$/, '3') }],
    ['baggage', { traceparent: plain, baggage: Buffer.from('a=1,b=%20x;p=1') }],
    ['tracestate', { traceparent: plain, tracestate: Buffer.from('ot=th:8,a=1') }],
    [
      'with another spelling of lower priority',
      { TraceParent: `00-${'1'.repeat(32)}-b7ad6b7169203331-00`, traceparent: plain },
    ],
    ['invalid baggage members', { traceparent: plain, baggage: '=,a=1,&' }],
  ])('the fast path reads %s', (_what, headers) => {
    const fast = observed(fastExtract, adapter, headers);
    expect(fast).toBeDefined();
    expect(fast).toEqual(observed(slowly, adapter, headers));
  });

  test.each([
    ['no traceparent', { baggage: 'a=1' }],
    ['tracestate of many bytes', { traceparent: plain, tracestate: `a=${'x'.repeat(2000)}` }],
    ['tracestate that starts with a space', { traceparent: plain, tracestate: ' a=1' }],
    ['a repeated tracestate', { traceparent: plain, tracestate: ['a=1', 'b=2'] }],
    ['tracestate in another spelling', { traceparent: plain, TraceState: 'a=1' }],
    ['baggage in another spelling', { traceparent: plain, Baggage: 'a=1' }],
    ['capitals', { traceparent: plain.toUpperCase() }],
    ['a character whose low byte is a digit', { traceparent: plain.replace('7', '\u0137') }],
    ['a repeat', { traceparent: [plain, plain] }],
    ['a Map', new Map([['traceparent', plain]])],
    ['an instance of a class', Object.assign(Object.create({}), { traceparent: plain })],
    ['an object that only inherits from Buffer', { traceparent: Object.create(Buffer.prototype) }],
    [
      'a getter that throws',
      Object.defineProperty({}, 'traceparent', {
        get() {
          throw new Error('no');
        },
      }),
    ],
  ])('the fast path leaves %s to the slow path', (_what, headers) => {
    expect(fastExtract(adapter, headers as never)).toBeUndefined();
  });
});

describe('redis fields', () => {
  const entryFields = redisFields as unknown as CarrierAdapter<never>;
  const entries = fc.tuple(fields, fc.boolean(), fc.boolean()).map(([all, odd, bytes]) => {
    const flat: unknown[] = all.flat();
    if (odd) flat.push('last');
    return bytes ? flat.map((each) => (typeof each === 'string' ? Buffer.from(each) : each)) : flat;
  });

  test('the fast path reads what the slow path reads, or nothing', () => {
    fc.assert(
      fc.property(entries, (given) => {
        const [fast, slow] = both(entryFields, given);
        expect(fast).toEqual(slow);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['fields after the payload', ['order', '7', 'traceparent', plain]],
    ['baggage', ['traceparent', plain, 'baggage', 'a=1']],
    ['tracestate', ['traceparent', plain, 'tracestate', 'ot=th:8,a=1']],
    ['fields before the payload', ['traceparent', plain, 'order', '7']],
    ['bytes for names and values', [Buffer.from('traceparent'), Buffer.from(plain), Buffer.from('baggage'), 'a=1']],
  ])('the fast path reads %s', (_what, given) => {
    const fast = observed(fastExtract, entryFields, given);
    expect(fast).toBeDefined();
    expect(fast).toEqual(observed(slowly, entryFields, given));
  });

  test.each([
    ['a repeat', ['traceparent', plain, 'traceparent', plain]],
    ['another spelling', ['traceparent', plain, 'Baggage', 'a=1']],
    ['a repeated tracestate', ['traceparent', plain, 'tracestate', 'a=1', 'tracestate', 'b=2']],
    ['an array of bytes for a name', [new Uint8Array(Buffer.from('traceparent')), plain]],
    ['bytes in another spelling', ['traceparent', plain, Buffer.from('BAGGAGE'), 'a=1']],
    ['an odd number of fields', ['traceparent', plain, 'x']],
    ['a very long entry', [...Array(1000).fill('x'), 'traceparent', plain]],
  ])('the fast path leaves %s to the slow path', (_what, given) => {
    expect(fastExtract(entryFields, given as never)).toBeUndefined();
  });
});

test('other formats use the slow path', () => {
  expect(fastExtract(httpHeaders, { traceparent: plain })).toBeUndefined();
});

test('the read context does not change when the bytes of the message do', () => {
  const headers = { traceparent: Buffer.from(plain), baggage: Buffer.from('a=1') };
  const context = fastExtract(kafkaHeaders, headers)!;
  headers.traceparent.fill(0x30);
  headers.baggage.fill(0x30);
  expect(trace.getSpanContext(context)?.traceId).toBe(traceId);
  expect(propagation.getBaggage(context)?.getEntry('a')?.value).toBe('1');
});
