import { propagation, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { MqtraceError } from '../common/errors.ts';
import { matchesGlob } from '../common/glob.ts';
import { alwaysOff, alwaysOn, parentBased, ratio, rules } from './index.ts';
import { ask } from './testing/ask.ts';
import { deviations, randomTraceId, seeded } from './testing/random.ts';

const traceId = `4bf92f3577b34da6a3${'f'.repeat(14)}`;
const withBaggage = (entries: Record<string, string>): { context: typeof ROOT_CONTEXT } => {
  const baggage = propagation.createBaggage(
    Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, { value }])),
  );
  return { context: propagation.setBaggage(ROOT_CONTEXT, baggage) };
};

describe('rules', () => {
  const sampler = rules([
    { name: 'GET /health*', sample: alwaysOff },
    { baggage: { 'user.tier': ['gold', 'plat*'] }, sample: alwaysOn },
    { baggage: { 'order.value': { min: 1000 } }, sample: 0.9 },
    { destination: ['orders.*', 'payments'], operation: 'process', sample: 0.5 },
    { destination: 'orders.*', sample: 0.25 },
    { kind: ['server', 'client'], attributes: { 'http.response.status_code': { min: 500, max: 599 } }, sample: 0.8 },
    { attributes: { retry: true, attempt: [1, 2], tags: 'slow*' }, sample: 0.7 },
  ]);

  test.each([
    [{ name: 'GET /healthz', ...withBaggage({ 'user.tier': 'gold' }) }, undefined],
    [withBaggage({ 'user.tier': 'gold' }), 'alwaysOn'],
    [withBaggage({ 'user.tier': 'platinum' }), 'alwaysOn'],
    [withBaggage({ 'user.tier': 'silver' }), undefined],
    [withBaggage({ 'user.tier': `plat${'a'.repeat(1020)}` }), 'alwaysOn'],
    // A longer text is not matched with patterns.
    [withBaggage({ 'user.tier': `plat${'a'.repeat(1021)}` }), undefined],
    [withBaggage({ 'order.value': '1000' }), 'ratio(0.9)'],
    [withBaggage({ 'order.value': '999.99' }), undefined],
    [withBaggage({ 'order.value': '' }), undefined],
    [
      { attributes: { 'messaging.destination.name': 'orders.new', 'messaging.operation.type': 'process' } },
      'ratio(0.5)',
    ],
    [{ attributes: { 'messaging.destination.name': 'payments', 'messaging.operation.name': 'process' } }, 'ratio(0.5)'],
    [{ attributes: { 'messaging.destination.name': 'orders.new', 'messaging.operation.name': 'send' } }, 'ratio(0.25)'],
    [{ attributes: { 'messaging.destination.template': 'orders.{id}' } }, 'ratio(0.25)'],
    [{ attributes: { 'messaging.destination.name': 'payments' } }, undefined],
    [{ kind: SpanKind.SERVER, attributes: { 'http.response.status_code': 503 } }, 'ratio(0.8)'],
    [{ kind: SpanKind.CONSUMER, attributes: { 'http.response.status_code': 503 } }, undefined],
    [{ kind: SpanKind.SERVER, attributes: { 'http.response.status_code': 404 } }, undefined],
    [{ attributes: { retry: true, attempt: 2, tags: ['new', 'slow-1'] } }, 'ratio(0.7)'],
    [{ attributes: { retry: 'true', attempt: 2, tags: ['slow'] } }, undefined],
    [{ attributes: { retry: true, attempt: '2', tags: ['slow'] } }, undefined],
    [{}, undefined],
  ])('the first matching rule decides (%#)', (question, by) => {
    const answer = ask(sampler, { traceId, ...question });
    expect(answer).toMatchObject({ sampled: by !== undefined, by });
  });

  test('otherwise', () => {
    const fallback = rules([{ name: 'a', sample: 1 }], { otherwise: ratio(0.1) });
    expect(ask(fallback, { traceId, name: 'b' }).by).toBe('ratio(0.1)');
    expect(ask(rules([], { otherwise: 0.5 }), { traceId }).by).toBe('ratio(0.5)');
    expect(ask(rules([]), { traceId }).sampled).toBe(false);
    expect(String(fallback)).toBe('rules([ratio(1)], { otherwise: ratio(0.1) })');
  });

  test('can set a rate for each destination', () => {
    const random = seeded(80);
    const rates = { orders: 0.5, clicks: 0.01 };
    const perDestination = parentBased(
      rules(Object.entries(rates).map(([destination, sample]) => ({ destination, sample }))),
    );
    for (const [destination, rate] of Object.entries(rates)) {
      let kept = 0;
      for (let i = 0; i < 20_000; i++) {
        const attributes = { 'messaging.destination.name': destination };
        if (ask(perDestination, { traceId: randomTraceId(random), attributes }).sampled) kept++;
      }
      // 4.5 standard deviations: 7 seeds in a million would fail; this one is fixed.
      expect(Math.abs(deviations(kept, 20_000, rate))).toBeLessThan(4.5);
    }
  });

  test.each([
    () => rules('orders' as never),
    () => rules([{ destnation: 'x', sample: 1 } as never]),
    () => rules([{ destination: 'x' } as never]),
    () => rules([{ destination: 5 as never, sample: 1 }]),
    () => rules([{ kind: 'sender' as never, sample: 1 }]),
    () => rules([{ attributes: { a: { min: 3, max: 1 } }, sample: 1 }]),
    () => rules([{ attributes: { a: { over: 3 } as never }, sample: 1 }]),
    () => rules([{ baggage: 'x' as never, sample: 1 }]),
    () => rules([{ sample: 2 }]),
    () => rules([], { otherwise: 'ratio' as never }),
    () => rules([null as never]),
  ])('throw for unknown names and values (%#)', (make) => {
    expect(make).toThrow(MqtraceError);
  });
});

describe('globs', () => {
  test.each([
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*', 'a', true],
    ['*a', 'bca', true],
    ['a*b*c', 'a--b--c', true],
    ['a*b*c', 'a--c--b', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a.c', 'abc', false],
    ['[a]', 'a', false],
    ['*aab', 'aaaab', true],
    ['A', 'a', false],
  ])('%s on %s: %s', (pattern, text, fits) => {
    expect(matchesGlob(pattern, text)).toBe(fits);
  });

  test('take a bounded number of steps for input that would block a regular expression', () => {
    expect(matchesGlob(`${'*a'.repeat(30)}b`, 'a'.repeat(1024))).toBe(false);
  });
});
