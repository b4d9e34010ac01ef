// Builds the map: who sends to which destination, who consumes, and how long messages wait.
import type { Card, Hop } from '../store/flow.ts';
import type { Histogram } from '../store/histogram.ts';
import type { Series } from '../store/metrics-store.ts';
import type { SpanStore } from '../store/store.ts';
import { consumersOf } from './consumers.ts';
import { duration } from './durations.ts';
import { metricsOnly } from './metrics-rows.ts';
import { byWait, shownWait, slowestOf } from './shown-wait.ts';
import { standsOut } from './stands-out.ts';
import type { ConsumerRow, Coverage, DestinationCard, Distribution, MapAnswer } from './types.ts';

const axisFrom = 1;
const axisColumns = 40;

/** The map of the page and of `mqtrace map`. */
export function mapAnswer(store: SpanStore, now: number = Date.now()): MapAnswer {
  const axis = { from: axisFrom, to: axisEnd(store), columns: axisColumns };
  const lags = store.metrics.of('mqtrace.consumer.lag');
  const cards = new Map<number, DestinationCard>();
  for (const card of store.flow.cards) {
    if (card.slots.total !== 0) cards.set(card.id, emptyCard(card, now));
  }
  for (const { card, service, messages, errors, slots } of store.flow.senders) {
    ensure(cards, card, now).senders.push({
      service: store.services.text(service),
      messages,
      rate: slots.rate(now),
      errors,
    });
  }
  for (const { hop, shards } of consumersOf(store)) {
    const card = ensure(cards, hop.card, now);
    const row = consumerRow(store, hop, axis, lags, now);
    row.shards = shards.map((shard) => consumerRow(store, shard, axis, [], now));
    row.standsOut = standsOut(row.shards);
    card.consumers.push(row);
    for (const [from, messages] of hop.reroutedFrom) {
      card.reroutedFrom.push({ id: from, name: store.flow.cards[from]?.name ?? '', messages });
    }
  }
  const destinations = [...cards.values()];
  metricsOnly(store, destinations, axis);
  for (const card of destinations) {
    card.senders.sort((a, b) => b.messages - a.messages);
    card.consumers.sort(byWait);
    for (const { shards } of card.consumers) shards.sort(byWait);
  }
  destinations.sort((a, b) => a.id - b.id);
  const worst = worstOf(destinations);
  return {
    schema: 'mqtrace.map/1',
    at: now,
    sentence: sentenceOf(worst, destinations.length),
    worst: worst?.row.id,
    axis,
    destinations,
    coverage: coverageOf(store),
  };
}

export function coverageOf(store: SpanStore): Coverage {
  return {
    received: store.received,
    kept: store.rows,
    evicted: store.evicted,
    metricSeries: store.metrics.size,
    refused: store.flow.refused + store.services.refused + store.names.refused + store.metrics.refused,
  };
}

/** The axis ends at a power of ten above the longest wait, at least at one second. */
function axisEnd(store: SpanStore): number {
  let longest = 1000;
  for (const { waits, ages } of store.flow.hops) longest = Math.max(longest, waits.max, ages.max);
  for (const { histogram } of store.metrics.of('mqtrace.message.age')) {
    const last = histogram?.counts.findLastIndex((count) => count > 0) ?? -1;
    if (last >= 0) longest = Math.max(longest, (histogram!.bounds[last] ?? histogram!.bounds.at(-1) ?? 0) * 1000);
  }
  return 10 ** Math.ceil(Math.log10(Math.min(longest, 1e10)));
}

function ensure(cards: Map<number, DestinationCard>, card: Card, now: number): DestinationCard {
  let known = cards.get(card.id);
  if (known === undefined) cards.set(card.id, (known = emptyCard(card, now)));
  return known;
}

function emptyCard(card: Card, now: number): DestinationCard {
  return {
    id: card.id,
    system: card.system,
    name: card.name,
    messages: card.slots.total,
    rate: card.slots.rate(now),
    notConsumed: Math.max(0, card.created - card.consumed),
    senders: [],
    consumers: [],
    reroutedFrom: [],
  };
}

function consumerRow(
  store: SpanStore,
  hop: Hop,
  axis: MapAnswer['axis'],
  lags: readonly Series[],
  now: number,
): ConsumerRow {
  const wait = distribution(hop.waits, axis);
  const age = distribution(hop.ages, axis);
  const lag = lags.filter(
    (series) =>
      series.destination === hop.card.name && (series.group === hop.group || series.group === '' || hop.group === ''),
  );
  return {
    id: hop.id,
    service: store.services.text(hop.service),
    group: hop.group,
    queue: hop.queue,
    shards: [],
    standsOut: [],
    seenBy: hop.receiving ? 'receive' : 'process',
    messages: hop.messages,
    rate: hop.slots.rate(now),
    attempts: hop.attempts,
    errors: hop.errors,
    errorShare: hop.errors / Math.max(1, hop.messages + hop.attempts),
    trend: hop.slots.trend() ?? 'unknown',
    wait,
    age,
    basis: wait !== undefined ? 'creation' : age !== undefined ? 'age' : 'none',
    work: hop.work.total === 0 ? undefined : { p50: hop.work.quantile(0.5) ?? 0, p95: hop.work.quantile(0.95) ?? 0 },
    lag: lag.length === 0 ? undefined : lag.reduce((sum, series) => sum + series.value, 0),
    sampled: hop.sampled > 0,
  };
}

function distribution(histogram: Histogram, axis: MapAnswer['axis']): Distribution | undefined {
  if (histogram.total === 0) return undefined;
  return {
    count: histogram.total,
    p50: histogram.quantile(0.5) ?? 0,
    p95: histogram.quantile(0.95) ?? 0,
    max: histogram.max,
    columns: histogram.columns(axis.from, axis.to, axis.columns),
  };
}

function worstOf(cards: readonly DestinationCard[]): { card: DestinationCard; row: ConsumerRow } | undefined {
  let worst: { card: DestinationCard; row: ConsumerRow; p95: number } | undefined;
  for (const card of cards) {
    for (const consumer of card.consumers) {
      const row = slowestOf(consumer);
      const p95 = shownWait(row)?.p95;
      if (p95 !== undefined && (worst === undefined || p95 > worst.p95)) worst = { card, row, p95 };
    }
  }
  return worst;
}

function sentenceOf(worst: ReturnType<typeof worstOf>, destinations: number): string {
  if (worst === undefined) {
    return destinations === 0
      ? 'No messages have been recorded yet.'
      : 'No waits are known yet: no message was recorded as both sent and consumed.';
  }
  const { card, row } = worst;
  const { p50, p95 } = shownWait(row)!;
  const where = card.consumers.includes(row) ? '' : `, from queue ${row.queue}`;
  return `Messages wait longest in ${card.name} for ${row.service}${where}: half up to ${duration(p50)}, 95 of 100 up to ${duration(p95)}.`;
}
