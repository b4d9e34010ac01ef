import { type Context, createTraceState, propagation, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { suppressTracing } from '../common/suppression.ts';
import { withOrigin } from '../propagation/pipeline-origin.ts';
import { Messaging } from './messaging.ts';

const start = 1_760_000_000_000;
const day = 24 * 60 * 60 * 1000;

const traceStates = [
  undefined,
  'vendor=1',
  `mqtrace=1;${(start - 5000).toString(36)};3;orders`,
  `vendor=1,mqtrace=1;${(start - 5000).toString(36)};3`,
  // It becomes invalid while the test runs.
  `mqtrace=1;${(start - 29 * day).toString(36)};3`,
  'mqtrace=2;unknown',
  `vendor=${'v'.repeat(500)}`,
];

const spanContextOf = (at: number, traceFlags = 0): SpanContext => {
  const text = traceStates[at];
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: `b7ad6b716920333${at}`,
    traceFlags,
    ...(text !== undefined && { traceState: createTraceState(text) }),
  };
};

type Modify = 'traceId' | 'spanId' | 'traceFlags' | 'traceState';

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('send' as const), in: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, -1, 2 * day) }) },
  fc.record({
    what: fc.constant('modify' as const),
    in: fc.nat(1),
    how: fc.constantFrom<Modify>('traceId', 'spanId', 'traceFlags', 'traceState'),
  }),
);

function modify(spanContext: SpanContext, how: Modify): void {
  if (how === 'traceId') spanContext.traceId = '1af7651916cd43dd8448eb211c80319c';
  else if (how === 'spanId') spanContext.spanId = 'c7ad6b7169203331';
  else if (how === 'traceFlags') spanContext.traceFlags ^= 2;
  else spanContext.traceState = createTraceState('other=2');
}

test.each([true, { name: 'orders' }, { name: (destination: string) => destination }] as const)(
  'sends in one context have the headers of a client that sends its first message, with %j',
  (pipelines) => {
    vi.useFakeTimers({ toFake: ['Date'], now: start });
    const client = (): Messaging => new Messaging('kafka', 'traceTest', { pipelines, propagator: 'mqtrace' });
    try {
      fc.assert(
        // Few contexts, so that many sends follow one in the same context.
        fc.property(fc.tuple(fc.nat(11), fc.nat(11)), fc.array(step, { maxLength: 30 }), (chosen, steps) => {
          vi.setSystemTime(start);
          const spanContexts = traceStates.map((_, at) => spanContextOf(at));
          const baggage = propagation.createBaggage({ region: { value: 'eu' } });
          const contexts: Context[] = spanContexts.map((each) => trace.setSpanContext(ROOT_CONTEXT, each));
          contexts.push(
            propagation.setBaggage(contexts[0]!, baggage),
            withOrigin(contexts[1]!, { startMs: start - 700, hops: 2, name: 'orders' }),
            suppressTracing(contexts[0]!),
            trace.setSpanContext(ROOT_CONTEXT, spanContextOf(0, 1)),
            ROOT_CONTEXT,
          );
          const messaging = client();
          for (const each of steps) {
            if (each.what === 'wait') vi.setSystemTime(Date.now() + each.ms);
            else if (each.what === 'modify') modify(spanContexts[chosen[each.in]! % spanContexts.length]!, each.how);
            else {
              const parent = contexts[chosen[each.in]!]!;
              const inject = (from: Messaging): unknown => from.inject(kafkaHeaders, { own: '1' }, parent, 'invoices');
              expect(inject(messaging)).toEqual(inject(client()));
              const passOn = (from: Messaging): unknown => from.passedOn(parent)?.write(kafkaHeaders, { own: '1' });
              expect(passOn(messaging)).toEqual(passOn(client()));
            }
          }
        }),
        { numRuns: 500 },
      );
    } finally {
      vi.useRealTimers();
    }
  },
);
