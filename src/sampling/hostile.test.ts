import { createTraceState, ROOT_CONTEXT, SpanKind, trace, type TraceState } from '@opentelemetry/api';
import { defaultTextMapGetter } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  allOf,
  alwaysOff,
  alwaysOn,
  anyOf,
  independent,
  linkBased,
  parentBased,
  perSecond,
  ratio,
  rules,
} from './index.ts';
import { mqtracePropagator } from '../propagation/index.ts';
import { ask } from './testing/ask.ts';

// Many samples, and the machine may be busy: the duration is not tested.
vi.setConfig({ testTimeout: 120_000 });

const zeros = `4bf92f3577b34da6a3${'0'.repeat(14)}`;
const ones = `4bf92f3577b34da6a3${'f'.repeat(14)}`;

describe('a threshold that contradicts the flag', () => {
  const sampler = parentBased(alwaysOn);

  test('th:0 with flag 00: not sampled, and th is erased', () => {
    expect(ask(sampler, { traceId: zeros, parentSampled: false, traceState: 'ot=th:0' })).toMatchObject({
      sampled: false,
      ot: undefined,
    });
    expect(ask(sampler, { traceId: ones, parentSampled: false, traceState: 'a=1,ot=th:0;x:2' })).toMatchObject({
      sampled: false,
      ot: 'x:2',
    });
  });

  test('th:fd with flag 01 and R = 0: sampled, and th is erased', () => {
    expect(ask(sampler, { traceId: zeros, parentSampled: true, traceState: 'ot=th:fd' })).toMatchObject({
      sampled: true,
      ot: undefined,
    });
    const withRv = { traceId: ones, parentSampled: true, traceState: 'ot=th:fd;rv:00000000000000' };
    expect(ask(sampler, withRv)).toMatchObject({ sampled: true, th: undefined, rv: '00000000000000' });
  });

  test('a threshold that agrees is kept, sampled or not', () => {
    expect(ask(sampler, { traceId: ones, parentSampled: true, traceState: 'ot=th:fd' })).toMatchObject({
      sampled: true,
      ot: 'th:fd',
    });
    expect(ask(sampler, { traceId: zeros, parentSampled: false, traceState: 'ot=th:fd' })).toMatchObject({
      sampled: false,
      ot: 'th:fd',
    });
  });

  test('the rest of the trace state is kept', () => {
    const traceState = 'vendor=1,ot=th:0,other=2';
    const context = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: ones,
      spanId: 'b7ad6b7169203331',
      traceFlags: 0,
      isRemote: true,
      traceState: createTraceState(traceState),
    });
    const result = sampler.shouldSample(context, ones, 'span', SpanKind.INTERNAL, {}, []);
    expect(result.traceState?.serialize()).toBe('vendor=1,other=2');
  });

  test("also below the SDK's own parent-based sampler inside a composition", () => {
    const foreign = anyOf(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }), alwaysOff);
    expect(ask(foreign, { traceId: zeros, parentSampled: true, traceState: 'ot=th:fd' })).toMatchObject({
      sampled: true,
      th: undefined,
    });
    expect(ask(foreign, { traceId: ones, parentSampled: true, traceState: 'ot=th:fd' })).toMatchObject({
      sampled: true,
      th: 'fd',
    });
  });
});

describe('invalid values', () => {
  test.each([
    'rv:',
    'rv:0',
    'rv:gggggggggggggg',
    'rv:FFFFFFFFFFFFFF',
    'rv:-fffffffffffff',
    'rv:0xffffffffffff',
    `rv:${'f'.repeat(200)}`,
    'th:',
    'th:zz',
    'th:123456789012345',
    'th:-1',
    'th',
    ';;;',
    ':',
    'rv',
  ])('%j is ignored', (ot) => {
    for (const sampled of [true, false]) {
      const child = { traceId: zeros, parentSampled: sampled, traceState: `ot=${ot}` };
      expect(ask(parentBased(ratio(0.5)), child).sampled).toBe(sampled);
      expect(ask(ratio(0.5), child).sampled).toBe(false);
      expect(ask(ratio(0.5), { ...child, traceId: ones })).toMatchObject({ sampled: true, th: '8' });
    }
  });

  test('the last value of a repeated sub-key is used', () => {
    const child = { traceId: zeros, parentSampled: true, traceState: 'ot=rv:00000000000000;rv:ffffffffffffff' };
    expect(ask(ratio(0.5), child)).toMatchObject({ sampled: true, rv: 'ffffffffffffff' });
  });
});

const neverCalled = (): never => expect.fail('iterated over the trace state');

describe('10,000 members', () => {
  const header = `ot=th:0,${Array.from({ length: 10_000 }, (_, index) => `k${index}=v`).join(',')}`;

  test.each([
    ['the stock propagator', new W3CTraceContextPropagator()],
    ['mqtrace’s own', mqtracePropagator],
  ])('through %s: the flag decides', (_, propagator) => {
    for (const [flag, sampled] of [
      ['00', false],
      ['01', true],
    ] as const) {
      const carrier = { traceparent: `00-${ones}-b7ad6b7169203331-${flag}`, tracestate: header };
      const context = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
      expect(ask(parentBased(alwaysOn), { traceId: ones, context }).sampled).toBe(sampled);
    }
  });

  test('in a trace state that would read all members: one member is read once, without iterating', () => {
    let reads = 0;
    const endless: TraceState = {
      get: (key) => (reads++, key === 'ot' ? 'th:8' : undefined),
      set: neverCalled,
      unset: neverCalled,
      serialize: neverCalled,
    };
    const context = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: ones,
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
      isRemote: true,
      traceState: endless,
    });
    const result = parentBased(ratio(0.1)).shouldSample(context, ones, 'span', SpanKind.CONSUMER, {}, []);
    expect(result).toMatchObject({ decision: 2 });
    expect(result.traceState).toBeUndefined();
    expect(reads).toBeLessThanOrEqual(2);
  });

  test('inside one ot member: at most 256 characters are read', () => {
    const long = `th:0;${'x'.repeat(300)}:1`;
    const endless: TraceState = { get: () => long, set: neverCalled, unset: neverCalled, serialize: neverCalled };
    const context = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: ones,
      spanId: 'b7ad6b7169203331',
      traceFlags: 0,
      isRemote: true,
      traceState: endless,
    });
    expect(parentBased(alwaysOn).shouldSample(context, ones, 'span', SpanKind.CONSUMER, {}, [])).toEqual({
      decision: 0,
    });
  });
});

test('for any content of the member nothing throws, the flag decides, and the output can be read', () => {
  const part = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.stringMatching(/^(th|rv):[0-9a-fA-F]{0,15}$/),
    fc.constantFrom('th:0', 'th:fd', 'rv:ffffffffffffff'),
  );
  const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(';'));
  const traceIds = fc.stringMatching(/^[1-9a-f]{18}[0-9a-f]{14}$/);
  const following = [
    parentBased(ratio(0.3)),
    parentBased(anyOf(perSecond(1), independent(0.2))),
    parentBased(linkBased(alwaysOff)),
  ];
  const deciding = [
    ratio(0.3),
    allOf(ratio(0.5), perSecond(10)),
    rules([{ name: 'span', sample: 0.2 }]),
    anyOf(alwaysOff, ratio(0.1)),
  ];
  fc.assert(
    fc.property(text, fc.boolean(), traceIds, (ot, sampled, traceId) => {
      let state: string | undefined = ot;
      const traceState: TraceState = {
        get: () => state,
        set: (_key, value) => ((state = value), traceState),
        unset: () => ((state = undefined), traceState),
        serialize: () => '',
      };
      for (const sampler of [...following, ...deciding]) {
        state = ot;
        const context = trace.setSpanContext(ROOT_CONTEXT, {
          traceId,
          spanId: 'b7ad6b7169203331',
          traceFlags: sampled ? 1 : 0,
          isRemote: true,
          traceState,
        });
        const answer = ask(sampler, { traceId, context });
        if (following.includes(sampler)) expect(answer.sampled).toBe(sampled);
        // The next service trusts the output: th and flag agree, or there is no th.
        const next = ask(parentBased(alwaysOff), { traceId, parentSampled: answer.sampled, traceState: 'x=1' });
        expect(next.sampled).toBe(answer.sampled);
        if (state !== ot && state) expect(state.length).toBeLessThanOrEqual(256);
      }
    }),
    { numRuns: 1000, seed: 7 },
  );
});
