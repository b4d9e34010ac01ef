import { trace, type Link } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { createSampling, independent, ratio, type SamplingOptions } from './index.ts';
import { ask, parentContext, type Answer } from './testing/ask.ts';
import { referenceKeeps, referenceThreshold } from './testing/otep-235.ts';
import { setUp, thOf } from './testing/provider.ts';
import { seeded } from './testing/random.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const other = '0123456789abcdef0123456789abcdef';

function linkTo(linked: string, traceState?: string): Link {
  return { context: trace.getSpanContext(parentContext(linked, true, traceState))! };
}

function askRoot(options: SamplingOptions, links: Link[], id = traceId): Answer {
  return ask(createSampling({ tail: 'collector', ...options }).sampler, { traceId: id, links });
}

test('everything is sent, with th:0, and nothing is held', () => {
  const { start, exported, sampling } = setUp({ tail: 'collector' });
  const root = start('root');
  start('child', root).end();
  expect(exported).toHaveLength(1);
  root.end();
  expect(exported.map(thOf)).toEqual(['0', '0']);
  expect(sampling).toMatchObject({ held: 0, sampledOut: 0 });
});

test('a share is sent, the same in every service', () => {
  const random = seeded(1500);
  const { start, exported } = setUp({ tail: 'collector', sampler: { ratio: 0.25 } }, random);
  const th = referenceThreshold(0.25);
  let expected = 0;
  for (let i = 0; i < 400; i++) {
    const span = start('work');
    if (referenceKeeps(span.spanContext().traceId, th)) expected++;
    span.end();
  }
  expect(expected).toBeGreaterThan(50);
  expect(exported).toHaveLength(expected);
  expect(new Set(exported.map(thOf))).toEqual(new Set([th]));
});

describe('a new trace that links to another one', () => {
  test('has the randomness of that trace: from its id', () => {
    expect(askRoot({}, [linkTo(other)])).toMatchObject({ sampled: true, ot: `th:0;rv:${other.slice(-14)}` });
  });

  test('or from its trace state', () => {
    const link = linkTo(other, 'ot=th:c;rv:00000000000001');
    expect(askRoot({}, [link])).toMatchObject({ rv: '00000000000001', th: '0' });
    expect(askRoot({ sampler: independent(1) }, [link])).toMatchObject({ rv: '00000000000001' });
  });

  test('or of the first valid link; without one, its own', () => {
    const invalid: Link = { context: { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 } };
    expect(askRoot({}, [invalid, linkTo(other), linkTo(traceId)]).rv).toBe(other.slice(-14));
    expect(askRoot({}, [invalid])).toMatchObject({ ot: 'th:0' });
    expect(askRoot({}, [])).toMatchObject({ ot: 'th:0' });
    expect(askRoot({ sampler: independent(1) }, [invalid]).rv).toMatch(/^[0-9a-f]{14}$/);
  });

  test('is in the same share, also after setSampler', () => {
    const random = seeded(1501);
    const id = (): string => Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
    const sampling = createSampling({ tail: 'collector', sampler: ratio(0.9) });
    sampling.setSampler({ ratio: 0.3 });
    const th = referenceThreshold(0.3);
    let kept = 0;
    for (let i = 0; i < 500; i++) {
      const linked = id();
      const { sampled } = ask(sampling.sampler, { traceId: id(), links: [linkTo(linked)] });
      expect(sampled).toBe(referenceKeeps(linked, th));
      if (sampled) kept++;
    }
    expect(kept).toBeGreaterThan(50);
  });

  test('not if it has a parent as well: the parent decides', () => {
    const { sampler } = createSampling({ tail: 'collector' });
    const links = [linkTo(other)];
    expect(ask(sampler, { traceId, parentSampled: false, links }).sampled).toBe(false);
    expect(ask(sampler, { traceId, parentSampled: true, traceState: 'ot=th:8', links })).toMatchObject({
      sampled: true,
      ot: 'th:8',
    });
  });

  test('without the option it has its own', () => {
    expect(ask(createSampling({}).sampler, { traceId, links: [linkTo(other)] }).ot).toBe('th:0');
  });
});

test.each([
  ['keepErrors', true],
  ['keepSlow', 1],
  ['keepWhen', () => true],
  ['errorBoost', { base: 0.1, max: 0.5 }],
  ['maxTracesPerSecond', 10],
  ['held', { traces: 5 }],
])('%s together with it is an error that says what to do', (name, value) => {
  expect(() => createSampling({ tail: 'collector', [name]: value })).toThrow(
    `[INVALID_OPTION] createSampling({ ${name} }): cannot be used together with tail: 'collector', because the Collector would ` +
      `get only a part of a trace; remove it here and add a policy to the Collector's tail_sampling`,
  );
});

test('options that are off, and other values', () => {
  expect(() => createSampling({ tail: 'collector', keepErrors: false, keepSlow: undefined })).not.toThrow();
  expect(() => createSampling({ tail: 'colector' as 'collector' })).toThrow(
    `[INVALID_OPTION] createSampling({ tail }): expected 'collector', or nothing, got "colector"`,
  );
  expect(() => createSampling({ tails: 'collector' } as never)).toThrow('did you mean "tail"?');
});
