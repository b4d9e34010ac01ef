import { AlwaysOnSampler, SamplingDecision, type Sampler } from '@opentelemetry/sdk-trace';
import { describe, expect, test, vi } from 'vitest';
import { MqtraceError } from '../common/errors.ts';
import { tracingFaults } from '../common/faults.ts';
import { samplerFromEnvironment } from './from-environment.ts';
import { samplerFrom, wholeTraces } from './from-options.ts';
import {
  adaptive,
  allOf,
  alwaysOff,
  alwaysOn,
  anyOf,
  credits,
  independent,
  linkBased,
  parentBased,
  perSecond,
  ratio,
} from './index.ts';
import { ask } from './testing/ask.ts';
import { randomTraceId, seeded } from './testing/random.ts';

const low = `4bf92f3577b34da6a3${'0'.repeat(14)}`;
const high = `4bf92f3577b34da6a3${'f'.repeat(14)}`;

test('the description of every sampler is the expression that creates it', () => {
  const samplers: Record<string, Sampler> = {
    'parentBased(anyOf(ratio(0.1), perSecond(50)))': parentBased(anyOf(ratio(0.1), perSecond(50))),
    'allOf(independent(0.5), perSecond(3, { window: 10 }), credits(2, 5))': allOf(
      independent(0.5),
      perSecond(3, { window: 10 }),
      credits(2, 5),
    ),
    'linkBased(alwaysOff)': linkBased(alwaysOff),
    'parentBased(alwaysOn, { remoteParentNotSampled: ratio(0.1) })': parentBased(alwaysOn, {
      remoteParentNotSampled: ratio(0.1),
    }),
    'anyOf(adaptive({ share: 0.5 }), adaptive({ perSecond: 2 }))': anyOf(
      adaptive({ share: 0.5 }),
      adaptive({ perSecond: 2 }),
    ),
  };
  for (const [text, sampler] of Object.entries(samplers)) expect(String(sampler)).toBe(text);
});

describe('anyOf and allOf', () => {
  test('anyOf keeps what any member keeps, at the smallest threshold; allOf what all keep, at the largest', () => {
    const random = seeded(70);
    const members = [ratio(0.1), ratio(0.5), ratio(0.25)];
    const [any, all] = [anyOf(...members), allOf(...members)];
    for (let i = 0; i < 1000; i++) {
      const traceId = randomTraceId(random);
      const each = new Set(members.map((member) => ask(member, { traceId }).sampled));
      expect(ask(any, { traceId })).toMatchObject(
        each.has(true) ? { sampled: true, th: '8', by: 'ratio(0.5)' } : { sampled: false },
      );
      expect(ask(all, { traceId })).toMatchObject(
        each.has(false) ? { sampled: false } : { sampled: true, th: 'e666', by: 'ratio(0.1)' },
      );
    }
  });

  test('a member that measures the load sees every span', () => {
    for (const combine of [anyOf, allOf]) {
      const others = [alwaysOn, alwaysOff, ratio(0.5)];
      for (const other of others) {
        let now = 0;
        const counting = adaptive({ perSecond: 1, window: 1, clock: () => now } as { perSecond: number });
        const sampler = combine(other, counting);
        for (; now < 3000; now += 10) ask(sampler, { traceId: low });
        // It has seen 100 a second, so it now keeps one in a hundred.
        expect(ask(counting, { traceId: high }).th).toMatch(/^fd7/);
      }
    }
  });

  test('nest', () => {
    const sampler = anyOf(allOf(ratio(0.5), anyOf(alwaysOff, credits(1, 1))), alwaysOff);
    expect(ask(sampler, { traceId: low }).sampled).toBe(false);
    expect(ask(sampler, { traceId: high })).toMatchObject({ sampled: true, th: undefined, by: 'ratio(0.5)' });
    expect(ask(sampler, { traceId: high }).sampled).toBe(false);
  });

  test('know the weight only if every member that must agree knows it', () => {
    const links = [{ context: { traceId: low, spanId: 'b7ad6b7169203331', traceFlags: 1 } }];
    expect(ask(allOf(linkBased(alwaysOff), ratio(0.5)), { traceId: high, links })).toMatchObject({
      sampled: true,
      th: undefined,
    });
    expect(ask(anyOf(linkBased(alwaysOff), ratio(0.5)), { traceId: high, links })).toMatchObject({
      sampled: true,
      th: undefined,
    });
    expect(ask(anyOf(linkBased(alwaysOff), alwaysOn), { traceId: high, links })).toMatchObject({
      sampled: true,
      th: '0',
    });
  });

  test('accept a sampler of another package: it is called last, its weight is unknown', () => {
    const asked = vi.fn<() => void>();
    const foreign: Sampler = {
      shouldSample: () => (asked(), { decision: SamplingDecision.RECORD_AND_SAMPLED, attributes: { mine: 1 } }),
      toString: () => 'Foreign',
    };
    expect(ask(anyOf(foreign, ratio(0.5)), { traceId: high })).toMatchObject({ th: '8' });
    expect(ask(allOf(foreign, ratio(0.5)), { traceId: low }).sampled).toBe(false);
    expect(asked).not.toHaveBeenCalled();
    expect(ask(anyOf(foreign, ratio(0.5)), { traceId: low })).toMatchObject({
      sampled: true,
      th: undefined,
      by: 'Foreign',
    });
    expect(ask(allOf(new AlwaysOnSampler(), ratio(0.5)), { traceId: high })).toMatchObject({
      sampled: true,
      th: undefined,
    });
  });

  test('treat a sampler that throws as not sampling, and count the fault', () => {
    const before = tracingFaults();
    const sampler = anyOf({
      shouldSample() {
        throw new Error('broken');
      },
    });
    for (let i = 0; i < 3; i++) expect(ask(sampler, { traceId: high }).sampled).toBe(false);
    expect(tracingFaults() - before).toBe(3);
    // A sampler that follows parents itself is called directly.
    const alone = wholeTraces({ shouldSample: () => undefined as never, toString: () => 'ParentBasedAndBroken' });
    for (let i = 0; i < 3; i++) expect(ask(alone, { traceId: high }).sampled).toBe(false);
    expect(tracingFaults() - before).toBe(6);
  });
});

describe('parentBased', () => {
  test('follows the parent, remote or local, and calls the root sampler otherwise', () => {
    const sampler = parentBased(ratio(0.5));
    for (const local of [true, false]) {
      expect(ask(sampler, { traceId: low, parentSampled: true, local })).toMatchObject({
        sampled: true,
        ot: undefined,
        by: 'parentBased',
      });
      expect(ask(sampler, { traceId: high, parentSampled: false, local }).sampled).toBe(false);
      expect(ask(sampler, { traceId: high, parentSampled: true, local, traceState: 'ot=th:c' })).toMatchObject({
        th: 'c',
      });
    }
    expect(ask(sampler, { traceId: low }).sampled).toBe(false);
    expect(ask(sampler, { traceId: high })).toMatchObject({ sampled: true, th: '8' });
  });

  test.each([
    ['remoteParentSampled', true, false],
    ['remoteParentNotSampled', false, false],
    ['localParentSampled', true, true],
    ['localParentNotSampled', false, true],
  ] as const)('calls the sampler for %s only there', (name, parentSampled, local) => {
    const sampler = parentBased(alwaysOn, { [name]: parentSampled ? alwaysOff : alwaysOn });
    for (const [flag, near] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      const overruled = flag === parentSampled && near === local;
      expect(ask(sampler, { traceId: high, parentSampled: flag, local: near }).sampled).toBe(overruled ? !flag : flag);
    }
  });
});

describe('plain data', () => {
  test('with both properties requires that both keep the span', () => {
    expect(String(samplerFrom({ ratio: 0.1, perSecond: 100 }))).toBe('allOf(ratio(0.1), perSecond(100))');
    expect(String(samplerFrom({ ratio: 0.1 }))).toBe('ratio(0.1)');
    expect(String(samplerFrom({ perSecond: 5 }))).toBe('perSecond(5)');
    expect(samplerFrom(alwaysOn)).toBe(alwaysOn);
  });

  test('is wrapped in parentBased once', () => {
    expect(String(wholeTraces(ratio(0.1)))).toBe('parentBased(ratio(0.1))');
    expect(String(wholeTraces(parentBased(alwaysOn)))).toBe('parentBased(alwaysOn)');
  });

  test.each([
    () => samplerFrom({}),
    () => samplerFrom({ ratio: 2 }),
    () => samplerFrom({ perSecond: 0 }),
    () => samplerFrom({ rate: 1 } as never),
    () => samplerFrom(0.1 as never),
    () => samplerFrom(ratio as never),
    () => samplerFrom(null as never),
    () => samplerFrom([ratio(1)] as never),
    () => ratio(NaN),
    () => ratio('0.1' as never),
    () => independent(-1),
    () => independent(1, { random: 3 as never }),
    () => perSecond(-1),
    () => perSecond(1, { windw: 3 } as never),
    () => perSecond(1, { window: 0 }),
    () => credits(1, 0),
    () => credits(1, 1.5),
    () => credits(Infinity),
    () => adaptive({}),
    () => adaptive({ share: 0.1, perSecond: 1 }),
    () => adaptive({ share: 0 }),
    () => adaptive({ share: 1.1 }),
    () => anyOf(),
    () => allOf(ratio(1), 0.5 as never),
    () => parentBased(undefined as never),
    () => parentBased(alwaysOn, { remote: alwaysOn } as never),
    () => parentBased(alwaysOn, { localParentSampled: 1 as never }),
    () => linkBased({} as never),
  ])('and invalid options throw (%#)', (make) => {
    expect(make).toThrow(MqtraceError);
    expect(make).toThrow(/^\[INVALID_OPTION\] .+: (expected .+, got .+|unknown option .+)/);
  });
});

function from(name: string | undefined, arg?: string): { sampler: string | undefined; rejected: string[] } {
  const rejected: string[] = [];
  const texts: Record<string, string | undefined> = { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg };
  const sampler = samplerFromEnvironment({ text: (key) => texts[key], reject: (key) => rejected.push(key) });
  return { sampler: sampler && String(sampler), rejected };
}

describe('OTEL_TRACES_SAMPLER', () => {
  test.each([
    ['always_on', undefined, 'alwaysOn'],
    ['always_off', undefined, 'alwaysOff'],
    ['traceidratio', '0.25', 'ratio(0.25)'],
    ['traceidratio', undefined, 'ratio(1)'],
    ['parentbased_always_on', 'ignored', 'parentBased(alwaysOn)'],
    ['parentbased_always_off', undefined, 'parentBased(alwaysOff)'],
    ['ParentBased_TraceIdRatio', ' 0.5', 'parentBased(ratio(0.5))'],
    ['ratio', '0.1', 'parentBased(ratio(0.1))'],
    ['perSecond', '100', 'parentBased(perSecond(100))'],
    ['parentbased_per_second', '1.5', 'parentBased(perSecond(1.5))'],
    ['credits', '10,20', 'parentBased(credits(10, 20))'],
    ['credits', '2.5', 'parentBased(credits(2.5, 3))'],
    ['independent', '0.1', 'parentBased(independent(0.1))'],
    ['adaptive', '7', 'parentBased(adaptive({ perSecond: 7 }))'],
    [undefined, '0.1', undefined],
  ])('%s with argument %s is %s', (name, arg, sampler) => {
    expect(from(name, arg)).toEqual({ sampler, rejected: [] });
  });

  test.each([
    ['jaeger_remote', undefined, undefined, ['OTEL_TRACES_SAMPLER']],
    ['constructor', undefined, undefined, ['OTEL_TRACES_SAMPLER']],
    ['traceidratio', '2', 'ratio(1)', ['OTEL_TRACES_SAMPLER_ARG']],
    ['traceidratio', 'much', 'ratio(1)', ['OTEL_TRACES_SAMPLER_ARG']],
    ['perSecond', '-1', undefined, ['OTEL_TRACES_SAMPLER_ARG']],
    ['perSecond', undefined, undefined, ['OTEL_TRACES_SAMPLER']],
  ])('%s with argument %s is reported', (name, arg, sampler, rejected) => {
    expect(from(name, arg)).toEqual({ sampler, rejected });
  });
});
