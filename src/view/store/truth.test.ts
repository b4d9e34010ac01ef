import { beforeAll, expect, test } from 'vitest';
import { healthAnswer } from '../queries/health.ts';
import { journeyAnswer } from '../queries/journey.ts';
import { mapAnswer } from '../queries/map.ts';
import { findHex } from '../queries/rows.ts';
import { searchAnswer } from '../queries/search.ts';
import type { ConsumerRow } from '../queries/types.ts';
import { type HopTruth, pipelineTruth, quantileOf, slowShard, type Truth } from '../testing/pipeline-truth.ts';
import { SpanStore } from './store.ts';

const journeys = 10_000;
let truth: Truth;
let store: SpanStore;

beforeAll(() => {
  truth = pipelineTruth(journeys);
  store = new SpanStore();
  for (const request of truth.requests) store.addTraces(request);
  store.settle();
}, 120_000);

test('each consumer is found with its messages, and its waits within 1 % or 2 ms', () => {
  const rows = new Map<string, ConsumerRow>(
    mapAnswer(store).destinations.flatMap((card) =>
      card.consumers.map((row) => [`${card.name}>${row.service}`, row] as const),
    ),
  );
  expect([...rows.keys()].toSorted()).toEqual([...truth.hops.keys()].toSorted());
  for (const [key, hop] of truth.hops) expectTold(key, rows.get(key)!, hop);
});

test('the numbered queues of an exchange are one row with their sums, which names the one that differs', () => {
  const { destinations, sentence, worst } = mapAnswer(store);
  const { consumers } = destinations.find(({ name }) => name === 'sharded')!;
  expect(consumers).toHaveLength(1);
  const [{ queue, shards, standsOut }] = consumers as [ConsumerRow];
  expect(queue).toBe('sharded.*');
  expect(shards.map((shard) => shard.queue).toSorted()).toEqual([...truth.shards.keys()].toSorted());
  for (const shard of shards) expectTold(shard.queue, shard, truth.shards.get(shard.queue)!);
  const [slowest] = shards as [ConsumerRow];
  expect([slowest.queue, standsOut]).toEqual([`sharded.${slowShard}`, [slowest.id]]);
  // The sums do not hide it: it is the longest wait of all.
  expect(worst).toBe(slowest.id);
  expect(sentence).toContain(`in sharded for worker, from queue sharded.${slowShard}: half`);
  const [failures, ...others] = healthAnswer(store).findings.filter(({ destination }) => destination === 'sharded');
  expect(failures).toMatchObject({ state: 'failures', queue: 'sharded.*', count: slowest.errors });
  expect(failures!.sentence).toMatch(/32 queues sharded\.\*.*All of them are from queue sharded\.7\.$/);
  expect(others).toEqual([]);
});

function expectTold(key: string, row: ConsumerRow, hop: HopTruth): void {
  expect([key, row.messages, row.attempts, row.errors]).toEqual([key, hop.messages, hop.attempts, hop.errors]);
  expect(row.wait?.count ?? 0).toBe(hop.waits.length);
  for (const share of [0.5, 0.95] as const) {
    if (hop.waits.length === 0) continue;
    const right = quantileOf(hop.waits, share);
    const told = row.wait![share === 0.5 ? 'p50' : 'p95'];
    expect(Math.abs(told - right), `${key} ${share}: ${told} for ${right}`).toBeLessThanOrEqual(
      Math.max(2, right * 0.01),
    );
  }
}

test('every broken hop is reported with its state and count, and no other hop is', () => {
  const expected: string[] = [];
  for (const [key, hop] of truth.hops) {
    const states = {
      'no-context': hop.noContext,
      'producer-not-seen': hop.producerNotSeen,
      'producer-unsampled': hop.producerUnsampled,
      'clock-skew': hop.skewed,
      redeliveries: hop.attempts,
      failures: hop.errors,
    };
    for (const [state, count] of Object.entries(states)) if (count > 0) expected.push(`${key} ${state} ${count}`);
  }
  for (const [destination, count] of truth.notConsumed) expected.push(`${destination}> not-consumed ${count}`);
  const told = healthAnswer(store).findings.map(
    ({ destination, consumer, state, count }) => `${destination}>${consumer} ${state} ${count}`,
  );
  expect(told.toSorted()).toEqual(expected.toSorted());
});

test('a journey contains its message, the ancestors and descendants, and no siblings', () => {
  for (const journey of truth.journeys.filter((_, at) => at % 97 === 0)) {
    const answer = journeyAnswer(store, findHex(store, journey.spanId)!);
    const shown = answer.rows.filter(({ kind }) => kind === 'span').map(({ spanId }) => spanId);
    expect(new Set(shown)).toEqual(journey.mine);
    expect(shown.length).toBe(journey.mine.size);
    if (journey.batchOthers > 0)
      expect(answer.rows.map(({ note }) => note)).toContain(`with ${journey.batchOthers} others in this batch`);
  }
});

test('the slowest messages are found, longest first', async () => {
  const { messages } = await searchAnswer(store, { destination: 'shop.orders', order: 'slowest', limit: 20 });
  const right = truth.hops
    .get('shop.orders>billing')!
    .waits.toSorted((a, b) => b - a)
    .slice(0, 20);
  for (const [at, message] of messages.entries()) expect(message.wait).toBeCloseTo(right[at]!, 0);
});

test('messages are found by their id', async () => {
  const { messages } = await searchAnswer(store, { id: 'order-77' });
  expect(messages.map(({ messageId }) => messageId)).toEqual(['order-77', 'order-77', 'order-77']);
});
