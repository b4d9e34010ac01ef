// Adds destinations and consumers that only metrics report.
import { addHistograms, type Series } from '../store/metrics-store.ts';
import type { SpanStore } from '../store/store.ts';
import type { ConsumerRow, DestinationCard, Distribution, MapAnswer } from './types.ts';

/** First id of destinations and consumers that only metrics report, above all ids of those from spans. */
const firstNumber = 1_000_000;

/** Adds the destinations and consumers that have metrics and no spans, because metrics do not depend on sampling. */
export function metricsOnly(store: SpanStore, cards: DestinationCard[], axis: MapAnswer['axis']): void {
  const sent = store.metrics.of('messaging.client.sent.messages');
  const consumed = store.metrics.of('messaging.client.consumed.messages');
  const ages = store.metrics.of('mqtrace.message.age');
  const lags = store.metrics.of('mqtrace.consumer.lag');
  const had = new Set(cards.flatMap(({ senders }) => senders));
  for (const series of sent) {
    const card = cardFor(cards, series);
    if (card === undefined) continue;
    let sender = card.senders.find(({ service }) => service === series.service);
    // Spans contain more.
    if (sender !== undefined && had.has(sender)) continue;
    if (sender === undefined)
      card.senders.push((sender = { service: series.service, messages: 0, rate: 0, errors: 0 }));
    const messages = Math.round(series.value);
    sender.messages += messages;
    sender.rate += series.rate ?? 0;
    if (series.errorType !== '') sender.errors += messages;
    if (card.id >= firstNumber) {
      card.messages += messages;
      card.rate += series.rate ?? 0;
    }
  }
  const histograms = new Map<ConsumerRow, Series['histogram']>();
  for (const series of [...consumed, ...ages, ...lags]) {
    const card = cardFor(cards, series);
    if (card === undefined) continue;
    const known = card.consumers.find(
      ({ service, group }) => service === series.service && (group === series.group || series.group === ''),
    );
    if (known !== undefined && known.seenBy !== 'metrics') continue;
    const row = known ?? emptyRow(series, card);
    if (known === undefined) card.consumers.push(row);
    if (series.name === 'mqtrace.message.age')
      histograms.set(row, addHistograms(histograms.get(row), series.histogram));
    else if (series.name === 'mqtrace.consumer.lag') row.lag = (row.lag ?? 0) + series.value;
    else addConsumed(row, series);
  }
  for (const [row, histogram] of histograms) {
    if (histogram === undefined) continue;
    row.age = fromBuckets(histogram, axis);
    row.basis = row.age === undefined ? 'none' : 'age';
    // No age is recorded for a redelivery.
    row.messages = Math.max(row.messages, Math.round(histogram.count));
  }
}

function addConsumed(row: ConsumerRow, series: Series): void {
  const messages = Math.round(series.value);
  row.messages += messages;
  row.rate += series.rate ?? 0;
  if (series.errorType !== '') row.errors += messages;
  row.errorShare = row.errors / Math.max(1, row.messages);
}

function cardFor(cards: DestinationCard[], series: Series): DestinationCard | undefined {
  const { destination, system } = series;
  if (destination === '') return undefined;
  const known = cards.find(({ name }) => name === destination || destination.startsWith(`${name}:`));
  if (known !== undefined) return known;
  if (cards.length > 2000) return undefined;
  const card: DestinationCard = {
    id: firstNumber + cards.length,
    system,
    name: destination,
    messages: 0,
    rate: 0,
    notConsumed: 0,
    senders: [],
    consumers: [],
    reroutedFrom: [],
  };
  cards.push(card);
  return card;
}

function emptyRow(series: Series, card: DestinationCard): ConsumerRow {
  return {
    id: firstNumber + card.id * 100 + card.consumers.length,
    service: series.service,
    group: series.group,
    queue: '',
    shards: [],
    standsOut: [],
    seenBy: 'metrics',
    messages: 0,
    rate: 0,
    attempts: 0,
    errors: 0,
    errorShare: 0,
    trend: 'unknown',
    wait: undefined,
    age: undefined,
    basis: 'none',
    work: undefined,
    lag: undefined,
    sampled: false,
  };
}

/** A distribution from a metric's buckets, which are in seconds; a quantile is interpolated within its bucket. */
function fromBuckets(
  { count, bounds, counts }: NonNullable<Series['histogram']>,
  axis: MapAnswer['axis'],
): Distribution | undefined {
  if (count === 0) return undefined;
  const columns = Array.from({ length: axis.columns }, () => 0);
  const width = Math.log(axis.to / axis.from) / axis.columns;
  const upper = (at: number): number => (bounds[at] ?? bounds.at(-1) ?? 0) * 1000;
  for (const [at, each] of counts.entries()) {
    const place = Math.floor(Math.log(Math.max(upper(at), axis.from) / axis.from) / width);
    columns[Math.min(axis.columns - 1, Math.max(0, place))]! += each;
  }
  const quantile = (share: number): number => {
    let seen = 0;
    for (const [at, each] of counts.entries()) {
      if (seen + each >= share * count && each > 0) {
        const lower = at === 0 ? 0 : upper(at - 1);
        return lower + ((share * count - seen) / each) * (upper(at) - lower);
      }
      seen += each;
    }
    return upper(bounds.length - 1);
  };
  const last = counts.findLastIndex((each) => each > 0);
  return { count, p50: quantile(0.5), p95: quantile(0.95), max: upper(last), columns };
}
