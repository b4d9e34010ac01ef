import type { Sampler } from '@opentelemetry/sdk-trace';
import { describe, expect, test, vi } from 'vitest';
import { allOf, alwaysOff, alwaysOn, anyOf, independent, linkBased, parentBased, ratio } from './index.ts';
import { ask, weightOfRoot } from './testing/ask.ts';
import { referenceKeeps, referenceThreshold, referenceWeight } from './testing/otep-235.ts';
import { deviations, randomHex, randomTraceId, seeded } from './testing/random.ts';

// Many samples, and the machine may be busy: the duration is not tested.
vi.setConfig({ testTimeout: 120_000 });

// Confidence: a correct figure lies within 4.5 standard deviations for all but 7 in a million seeds; these seeds are fixed.
const bound = 4.5;

describe('ratio', () => {
  test.each([0.5, 0.1, 0.05, 0.01, 0.001])('keeps a share of %d', (p) => {
    const random = seeded(4 + p * 1000);
    const sampler = ratio(p);
    const trials = 200_000;
    let kept = 0;
    for (let i = 0; i < trials; i++) if (weightOfRoot(sampler, randomTraceId(random)) !== undefined) kept++;
    expect(Math.abs(deviations(kept, trials, p))).toBeLessThan(bound);
  });

  test('keeps at 10 % every trace that it keeps at 5 %', () => {
    const random = seeded(41);
    const [five, ten] = [ratio(0.05), ratio(0.1)];
    let nested = 0;
    let lost = 0;
    for (let i = 0; i < 100_000; i++) {
      const traceId = randomTraceId(random);
      if (weightOfRoot(five, traceId) === undefined) continue;
      nested++;
      if (!ask(ten, { traceId }).sampled) lost++;
    }
    expect(lost).toBe(0);
    expect(Math.abs(deviations(nested, 100_000, 0.05))).toBeLessThan(bound);
  });

  test('agrees with the specification, root or child, with or without rv', () => {
    const random = seeded(42);
    const mistakes: unknown[] = [];
    for (let i = 0; i < 20_000; i++) {
      const p = 10 ** (-6 * random());
      const th = referenceThreshold(p);
      const traceId = randomTraceId(random);
      const rv = i % 2 ? randomHex(random, 14) : undefined;
      const sampler = ratio(p);
      const child = ask(sampler, { traceId, parentSampled: i % 3 === 0, traceState: rv ? `ot=rv:${rv}` : 'vendor=1' });
      const expected = referenceKeeps(traceId, th, rv);
      const asExpected = child.sampled === expected && child.rv === rv && child.th === (expected ? th : undefined);
      const root = ask(sampler, { traceId });
      const kept = referenceKeeps(traceId, th);
      if (!asExpected || root.sampled !== kept || root.ot !== (kept ? `th:${th}` : undefined))
        mistakes.push([p, traceId, rv]);
    }
    expect(mistakes).toEqual([]);
  });

  test('all at 1, none at 0', () => {
    for (const traceId of ['0'.repeat(31) + '1', 'f'.repeat(32)]) {
      expect(ask(ratio(1), { traceId })).toMatchObject({ sampled: true, th: '0' });
      expect(ask(ratio(0), { traceId })).toMatchObject({ sampled: false, ot: undefined });
    }
  });
});

describe('the weights of kept spans', () => {
  test('add up to the actual count within 1 %, for different samplers', () => {
    const random = seeded(43);
    const cases: readonly (readonly [Sampler, number])[] = [
      [ratio(0.5), 300_000],
      [ratio(0.1), 1_000_000],
      [independent(0.3, { random }), 500_000],
      [anyOf(ratio(0.03), ratio(0.3)), 500_000],
      [allOf(ratio(0.4), ratio(0.25)), 600_000],
    ];
    for (const [sampler, trials] of cases) {
      let sum = 0;
      for (let i = 0; i < trials; i++) sum += weightOfRoot(sampler, randomTraceId(random)) ?? 0;
      // One standard deviation is 0.3 % at the share of 0.1, 0.22 % or less elsewhere: 1 % is 3.3 of them, or 4.5.
      expect(Math.abs(sum / trials - 1)).toBeLessThan(0.01);
    }
  });

  test('stay correct in a pipeline of three services', () => {
    const random = seeded(44);
    const always = { remoteParentSampled: ratio(0.2), remoteParentNotSampled: ratio(0.2) };
    const services = [ratio(0.5), parentBased(ratio(0.9)), parentBased(ratio(0.9), always)];
    const trials = 40_000;
    const sums = [0, 0, 0];
    let whole = 0;
    let torn = 0;
    for (let i = 0; i < trials; i++) {
      const traceId = randomTraceId(random);
      let parent: { parentSampled: boolean; traceState?: string } | undefined;
      const kept = services.map((service, index) => {
        const answer = ask(service, { traceId, ...parent });
        parent = { parentSampled: answer.sampled, ...(answer.ot ? { traceState: `ot=${answer.ot}` } : {}) };
        if (answer.sampled) sums[index] = (sums[index] ?? 0) + referenceWeight(answer.th ?? 'none');
        return answer.sampled;
      });
      if (kept[1] !== kept[0] || (kept[2] && !kept[1])) torn++;
      if (kept[2]) whole++;
    }
    expect(torn).toBe(0);
    expect(Math.abs(deviations(whole, trials, 0.2))).toBeLessThan(bound);
    // One standard deviation is 1 % at most.
    for (const sum of sums) expect(Math.abs(sum / trials - 1)).toBeLessThan(0.045);
  });
});

describe('independent', () => {
  test('keeps its share even for trace ids that are not random, and all services use the same random value', () => {
    const random = seeded(45);
    const sampler = independent(0.1, { random });
    const downstream = [ratio(0.1), independent(0.1, { random }), parentBased(ratio(0.5))];
    const trials = 20_000;
    let kept = 0;
    let disagreed = 0;
    for (let i = 0; i < trials; i++) {
      const traceId = i.toString(16).padStart(8, '0').padEnd(31, '0') + '1';
      const root = ask(sampler, { traceId });
      if (!/^[0-9a-f]{14}$/.test(root.rv ?? '')) disagreed++;
      if (root.sampled) kept++;
      for (const next of downstream) {
        const answer = ask(next, { traceId, parentSampled: root.sampled, traceState: `ot=${root.ot}` });
        if (answer.sampled !== root.sampled || answer.rv !== root.rv) disagreed++;
      }
    }
    expect(disagreed).toBe(0);
    expect(Math.abs(deviations(kept, trials, 0.1))).toBeLessThan(bound);
  });

  test('generates no random value below a parent, or if rv is present', () => {
    const sampler = independent(0.5, { random: () => expect.fail('drawn') });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    expect(ask(sampler, { traceId, parentSampled: true }).rv).toBeUndefined();
    expect(ask(sampler, { traceId, parentSampled: true, traceState: 'ot=rv:f0000000000000' })).toMatchObject({
      sampled: true,
      th: '8',
    });
  });

  test.each<[string, () => number]>([
    [
      'throws',
      () => {
        throw new Error('no luck');
      },
    ],
    ['gives NaN', () => NaN],
    ['gives 1', () => 1],
    ['returns less than 0', () => -0.5],
    ['gives text', () => 'x' as never],
  ])('a random source that %s is replaced', (_, random) => {
    const sampler = independent(1, { random });
    for (let i = 0; i < 20; i++) expect(ask(sampler, { traceId: '1'.repeat(32) }).rv).toMatch(/^[0-9a-f]{14}$/);
  });

  test('passes its random value to every sampler it is combined with', () => {
    const random = seeded(46);
    const sampler = anyOf(independent(0.1, { random }), ratio(0.4));
    for (let i = 0; i < 2000; i++) {
      const { sampled, rv } = ask(sampler, { traceId: 'f'.repeat(32) });
      expect(sampled).toBe(referenceKeeps('', referenceThreshold(0.4), rv));
    }
  });
});

describe('linkBased', () => {
  const producer = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

  test('keeps all of 10,000 consumers that link to a sampled producer', () => {
    const random = seeded(47);
    const sampler = parentBased(linkBased(ratio(0.1)));
    let kept = 0;
    let keptOfUnsampled = 0;
    for (let i = 0; i < 10_000; i++) {
      const traceId = randomTraceId(random);
      const links = [{ context: { ...producer, traceFlags: 0 } }, { context: { ...producer, traceFlags: 1 } }];
      const answer = ask(sampler, { traceId, links });
      if (answer.sampled && answer.by === 'linkBased' && answer.th === undefined) kept++;
      const other = ask(sampler, { traceId, links: links.slice(0, 1) });
      if (other.sampled) keptOfUnsampled++;
    }
    expect(kept).toBe(10_000);
    expect(Math.abs(deviations(keptOfUnsampled, 10_000, 0.1))).toBeLessThan(bound);
  });

  test('erases a received threshold, and ignores invalid links', () => {
    const sampler = linkBased(alwaysOff);
    const links = [{ context: { ...producer, traceFlags: 1 } }];
    const traceId = randomTraceId(seeded(48));
    expect(ask(sampler, { traceId, links, parentSampled: true, traceState: 'ot=th:0;x:1' })).toMatchObject({
      sampled: true,
      ot: 'x:1',
    });
    expect(
      ask(sampler, {
        traceId,
        links: [{ context: { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 1 } }],
      }).sampled,
    ).toBe(false);
  });

  test('writes th:0 if the root sampler certainly keeps all spans', () => {
    expect(ask(linkBased(alwaysOn), { traceId: 'a'.repeat(32) })).toMatchObject({
      sampled: true,
      th: '0',
      by: 'alwaysOn',
    });
  });
});
