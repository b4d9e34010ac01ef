import { expect, test } from 'vitest';
import { SpanStore } from '../store/store.ts';
import { request, spanId, type TestSpan, traceId } from '../testing/otlp.ts';
import { healthAnswer } from './health.ts';

const attributes = { 'messaging.system.name': 'kafka', 'messaging.destination.name': 'orders' };
const base = 1_700_000_000_000;

interface Pair {
  send?: Partial<TestSpan>;
  process?: Partial<TestSpan>;
}

/** A store in which shop sends and billing consumes, and its findings. */
function found(pairs: readonly Pair[], before: (store: SpanStore) => void = () => {}): string[] {
  const store = new SpanStore();
  before(store);
  for (const [at, { send, process }] of pairs.entries()) {
    const ids = { traceId: traceId(), spanId: spanId() };
    const start = base + at * 100;
    store.addTraces(request('shop', [{ ...ids, kind: 'producer', start, end: start + 1, attributes, ...send }]));
    store.addTraces(
      request('billing', [
        { kind: 'consumer', links: [ids], start: start + 10, end: start + 20, attributes, ...process },
      ]),
    );
  }
  store.settle();
  return healthAnswer(store).findings.map(({ state, sentence }) => `${state}: ${sentence}`);
}

const ten = (pair: (at: number) => Pair): Pair[] => Array.from({ length: 10 }, (_, at) => pair(at));
const thresholds = { traceState: 'ot=th:8' };

test('spans with and without a sampling threshold at one destination are reported', () => {
  expect(found(ten(() => ({})))).toEqual([]);
  expect(found(ten(() => ({ send: thresholds, process: thresholds })))).toEqual([]);
  expect(found(ten(() => ({ send: thresholds })))).toEqual([
    'mixed-sampling: Of the spans at orders, 10 carry a sampling threshold and 10 do not (billing).',
  ]);
});

test('much baggage is reported, from spans of producers and of consumers', () => {
  const much = { attributes: { ...attributes, 'mqtrace.baggage.size': 5000 } };
  const expected = ['baggage-size: Messages of orders carry up to 5,000 bytes of baggage.'];
  expect(found(ten(() => ({ process: much })))).toEqual(expected);
  expect(found(ten(() => ({ send: much })))).toEqual(expected);
  expect(found(ten(() => ({ send: { attributes: { ...attributes, 'mqtrace.baggage.size': 1500 } } })))).toEqual([]);
});

test('differing clocks are reported once: from span starts, else from the attribute, else from the metric', () => {
  const early = ten(() => ({ process: { start: base - 5000, end: base - 4990 } }));
  const metric = (store: SpanStore): void =>
    store.metrics.replace([
      {
        service: 'billing',
        name: 'mqtrace.message.clock_skew',
        system: 'kafka',
        destination: 'orders',
        group: '',
        errorType: '',
        partition: '',
        time: base,
        value: 7,
        histogram: undefined,
      },
    ]);
  const skew = (findings: readonly string[]): string[] =>
    findings.filter((finding) => finding.startsWith('clock-skew'));
  expect(skew(found(early))).toEqual([expect.stringContaining('seems to consume all 10 messages of orders before')]);
  expect(skew(found(early, metric))).toHaveLength(1);
  expect(skew(found([], metric))).toEqual([
    'clock-skew: billing received 7 messages of orders before they were sent, by the clocks of both sides.',
  ]);
  const told = { attributes: { ...attributes, 'mqtrace.message.age': 0, 'mqtrace.message.clock_skew': -3 }, links: [] };
  expect(skew(found(ten(() => ({ process: told }))))).toEqual([expect.stringContaining('by up to 3.0 s')]);
});
