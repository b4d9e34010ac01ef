import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kafkaHeaders } from '../../carriers/kafka-headers.ts';
import { fastExtractPlain } from './fast-extract.ts';
import { extractFrom, injectCopy } from './inject-extract.ts';
import { isStockPropagator } from './stock-propagator.ts';

const stock = (): CompositePropagator =>
  new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
const plain = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0';

class Narrower extends W3CBaggagePropagator {
  override extract(): typeof ROOT_CONTEXT {
    return ROOT_CONTEXT;
  }
}

test('the stock composite is recognized', () => {
  expect(isStockPropagator(stock())).toBe(true);
});

test.each([
  ['nothing', undefined],
  ['another propagator', new W3CTraceContextPropagator()],
  [
    'parts in another order',
    new CompositePropagator({ propagators: [new W3CBaggagePropagator(), new W3CTraceContextPropagator()] }),
  ],
  [
    'a further part',
    new CompositePropagator({
      propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator(), new W3CBaggagePropagator()],
    }),
  ],
  [
    'a part with another class',
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new Narrower()] }),
  ],
  ['an overridden method', Object.assign(stock(), { extract: () => ROOT_CONTEXT })],
  [
    'a part with an overridden method',
    new CompositePropagator({
      propagators: [Object.assign(new W3CTraceContextPropagator(), { inject: () => {} }), new W3CBaggagePropagator()],
    }),
  ],
  [
    'the names without the behaviour',
    Object.assign(Object.create({ constructor: CompositePropagator }), {
      _propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
    }),
  ],
])('%s is not', (_what, propagator) => {
  expect(isStockPropagator(propagator)).toBe(false);
});

const member = fc.oneof(
  fc
    .tuple(fc.stringMatching(/^[a-zA-Z]\w{0,4}$/), fc.stringMatching(/^[\w.\-!~*'()]{1,8}$/))
    .map((pair) => pair.join('=')),
  fc.constantFrom(
    'a=1',
    'a=2',
    '1=x',
    '__proto__=y',
    'a=',
    '=1',
    'a',
    ' a=1',
    'a=1 ',
    'a=%20',
    'a=b=c',
    'a=1;p=2',
    'é=1',
    'a(b)=1',
    '&=1',
    '',
  ),
);
const headers = fc.record(
  {
    traceparent: fc.constantFrom('0', '1', '2', '3', '4').map((flags) => plain + flags),
    tracestate: fc.oneof(
      fc.constantFrom(
        'ot=th:8',
        'mqtrace=1;a;1,ot=th:8',
        'ot=rv:1;th:0,mqtrace=1;a;1;n',
        'ot=1,ot=2',
        'a=1',
        'ot=',
        'ot=é',
        '',
      ),
      fc
        .tuple(fc.constantFrom('ot', 'mqtrace', 'x'), fc.stringMatching(/^[\w.:; =,-]{0,80}$/))
        .map((pair) => pair.join('=')),
    ),
    baggage: fc.oneof(
      fc.array(member, { maxLength: 8 }).map((members) => members.join(',')),
      fc.integer({ min: 60, max: 70 }).map((count) => Array.from({ length: count }, (_, at) => `k${at}=v`).join(',')),
    ),
  },
  { requiredKeys: ['traceparent'] },
);

test('the fast path and the stock composite have the same results', () => {
  const propagator = stock();
  let fast = 0;
  fc.assert(
    fc.property(headers, (given) => {
      const ours = fastExtractPlain(kafkaHeaders, given);
      if (ours === undefined) return;
      fast++;
      const [mine, theirs] = [ours, extractFrom(propagator, kafkaHeaders, given, ROOT_CONTEXT)].map((context) => ({
        span: { ...trace.getSpanContext(context), traceState: trace.getSpanContext(context)?.traceState?.serialize() },
        states: ['ot', 'mqtrace'].map((key) => trace.getSpanContext(context)?.traceState?.get(key)),
        changed: trace.getSpanContext(context)?.traceState?.set('b', '1').serialize(),
        entries: propagation.getBaggage(context)?.getAllEntries(),
        one: propagation.getBaggage(context)?.getEntry('a'),
        written: injectCopy(propagator, kafkaHeaders, {}, context),
        after: injectCopy(
          propagator,
          kafkaHeaders,
          {},
          propagation.setBaggage(
            context,
            (propagation.getBaggage(context) ?? propagation.createBaggage()).setEntry('added', { value: 'x y' }),
          ),
        ),
      }));
      expect(mine).toEqual(theirs);
    }),
    { numRuns: 1000 },
  );
  expect(fast).toBeGreaterThan(100);
});

test.each(['a=1,a=2', '1=x,0=y', '__proto__=y', 'a=%20', 'a=1;p=2', ' a=1', 'a=', 'a=1,', 'a(b)=1', 'a=1,b'])(
  'baggage %j, which the stock composite changes or may change, uses the slow path',
  (baggage) => {
    expect(fastExtractPlain(kafkaHeaders, { traceparent: `${plain}1`, baggage })).toBeUndefined();
  },
);

test('with the stock composite the random flag is only that of the span context', () => {
  const context = fastExtractPlain(kafkaHeaders, { traceparent: `${plain}3` })!;
  const child = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: '1'.repeat(16), traceFlags: 1 };
  expect(injectCopy(stock(), kafkaHeaders, {}, trace.setSpanContext(context, child))).toEqual({
    traceparent: `00-${child.traceId}-${child.spanId}-01`,
  });
});
