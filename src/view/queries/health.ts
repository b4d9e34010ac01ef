// Finds problems of the observed pipeline.
import type { Card, Hop } from '../store/flow.ts';
import type { SpanStore } from '../store/store.ts';
import { counted, duration, group } from './durations.ts';
import { type Consumer, consumersOf } from './consumers.ts';
import { coverageOf } from './map.ts';
import { mixedSampling, skewOfMetrics } from './health-more.ts';
import type { Finding, HealthAnswer, HealthState } from './types.ts';

/** Baggage of this size, in bytes, is worth a note: each message carries it. */
const largeBaggage = 2048;

/** The problems of each destination, and what to do about them. */
export function healthAnswer(store: SpanStore, now: number = Date.now()): HealthAnswer {
  const findings: Finding[] = [];
  const seen = new Set<number>();
  for (const card of store.flow.cards) if (card.created > 0 || card.slots.total > 0) seen.add(card.id);
  for (const consumer of consumersOf(store)) {
    seen.add(consumer.hop.card.id);
    findings.push(...ofConsumer(store, consumer));
  }
  for (const card of store.flow.cards) findings.push(...ofCard(store, card), ...mixedSampling(store, card));
  findings.push(...skewOfMetrics(store, findings));
  findings.sort((a, b) => rank(a) - rank(b) || b.count - a.count);
  const troubled = new Set(
    findings.filter(({ severity }) => severity === 'problem').map(({ destinationId }) => destinationId),
  );
  const healthy = store.flow.cards.filter(({ id }) => seen.has(id) && !troubled.has(id)).map(({ name }) => name);
  return {
    schema: 'mqtrace.health/1',
    at: now,
    sentence: sentenceOf(findings, seen.size, troubled.size),
    findings,
    healthy,
    coverage: coverageOf(store),
  };
}

/** Broken traces are first, because other figures depend on them. */
const order: readonly HealthState[] = [
  'no-context',
  'producer-not-seen',
  'double-instrumentation',
  'clock-skew',
  'failures',
  'not-consumed',
];

function rank({ severity, state }: Finding): number {
  const at = order.indexOf(state);
  return (severity === 'problem' ? 0 : 100) + (at < 0 ? order.length : at);
}

function sentenceOf(findings: readonly Finding[], destinations: number, troubled: number): string {
  if (destinations === 0) return 'No messages have been recorded yet.';
  if (troubled === 0) return `No problems at ${counted(destinations, 'destination')}.`;
  const first = findings[0]!;
  return `${group(troubled)} of ${counted(destinations, 'destination')} ${troubled === 1 ? 'needs' : 'need'} attention. ${first.sentence}`;
}

function ofConsumer(store: SpanStore, { hop, shards }: Consumer): Finding[] {
  const service = store.services.text(hop.service);
  const consumer = hop.group !== '' && hop.group !== service ? `${service} (${hop.group})` : service;
  const where = hop.card.name;
  const queues = shards.length === 0 ? 'queue' : `${group(shards.length)} queues`;
  const from = hop.queue === '' ? where : `${where} (${queues} ${hop.queue})`;
  const of = hop.messages;
  const found: Finding[] = [];
  const add = (
    state: HealthState,
    severity: Finding['severity'],
    countOf: (hop: Hop) => number,
    sentence: string,
    advice: string,
  ): void => {
    const count = countOf(hop);
    if (count <= 0) return;
    found.push({
      state,
      severity,
      destination: where,
      destinationId: hop.card.id,
      consumer,
      queue: hop.queue,
      count,
      of,
      sentence: sentence + mostlyFrom(shards, countOf, count),
      advice,
    });
  };
  add(
    'no-context',
    'problem',
    (each) => each.noContext,
    `${service} consumed ${share(hop.noContext, of)} messages of ${from} without a creation context.`,
    `The trace breaks here: check that everything that sends to ${where} is traced, and that nothing in between (a proxy, a connector, a mirror) drops the headers. "mqtrace explain" describes the headers of one message.`,
  );
  add(
    'producer-not-seen',
    'problem',
    (each) => each.pending,
    `${service} consumed ${share(hop.pending, of)} messages of ${from} that carry a context, but the span that created them was not received.`,
    'Either the producer does not export to this address, or its spans were late or have been removed. Check the exporter of the producer.',
  );
  add(
    'producer-unsampled',
    'note',
    (each) => each.unsampledProducer,
    `${service} recorded ${share(hop.unsampledProducer, of)} messages of ${from} whose producer was not sampled.`,
    'Producer and consumer sample differently. Use a parent-based sampler in the consumer, or the same rate in both; waits are known only for messages sampled in both.',
  );
  add(
    'clock-skew',
    'problem',
    (each) => each.skewed,
    `${service} seems to consume ${share(hop.skewed, of)} messages of ${from} before they were created, by up to ${duration(hop.skewMax)}.`,
    `The clocks of ${service} and of the producer differ. Synchronize both with NTP; until then all waits of ${where} are wrong by about that much.`,
  );
  add(
    'failures',
    'problem',
    (each) => each.errors,
    `${service} failed on ${share(hop.errors, hop.messages + hop.attempts)} deliveries of ${from}.`,
    `Open the failed journeys of ${where}: each shows its attempts and the error.`,
  );
  add(
    'redeliveries',
    'note',
    (each) => each.attempts,
    `Messages of ${from} were redelivered to ${service} ${group(hop.attempts)} times.`,
    'A message is redelivered after a failure, a rebalance or a lost acknowledgement. Its journey shows the attempts in order.',
  );
  for (const [card, count] of hop.reroutedFrom) {
    const name = store.flow.cards[card]?.name ?? '';
    add(
      'rerouted',
      'note',
      (each) => each.reroutedFrom.get(card) ?? 0,
      `${from} received ${counted(count, 'message')} created for ${name}, as a dead-letter destination does.`,
      `They keep their original creation context; their journeys show why they were moved.`,
    );
  }
  return found;
}

/** Names the numbered queue that most of a count comes from; empty if there is none. */
function mostlyFrom(shards: readonly Hop[], countOf: (hop: Hop) => number, count: number): string {
  const most = shards.find((shard) => countOf(shard) > count / 2);
  if (most === undefined) return '';
  return ` ${countOf(most) === count ? 'All' : 'Most'} of them are from queue ${most.queue}.`;
}

function ofCard(store: SpanStore, card: Card): Finding[] {
  const found: Finding[] = [];
  const add = (
    state: HealthState,
    severity: Finding['severity'],
    count: number,
    of: number,
    sentence: string,
    advice: string,
  ) =>
    void (
      count > 0 &&
      found.push({
        state,
        severity,
        destination: card.name,
        destinationId: card.id,
        consumer: '',
        queue: '',
        count,
        of,
        sentence,
        advice,
      })
    );
  const waiting = Math.max(0, card.created - card.consumed);
  const hasConsumer = store.flow.hops.some((hop) => hop.card === card && hop.messages > 0);
  add(
    'not-consumed',
    hasConsumer ? 'note' : 'problem',
    waiting,
    card.created,
    hasConsumer
      ? `${share(waiting, card.created)} messages of ${card.name} have not been consumed yet.`
      : `No consumer of ${card.name} was seen: ${counted(waiting, 'message')} so far.`,
    hasConsumer
      ? 'They may still be waiting, or their consumers are not sampled. If the number grows, a consumer does not keep up.'
      : 'There is no consumer, it is not traced, or it does not export to this address.',
  );
  add(
    'double-instrumentation',
    'problem',
    card.doubled,
    card.created,
    `Two instrumentations record the same operations on ${card.name}.`,
    'Keep one: disable the auto-instrumentation of the client, or do not wrap it.',
  );
  add(
    'baggage-size',
    'note',
    card.baggageBytesMax > largeBaggage ? 1 : 0,
    1,
    `Messages of ${card.name} carry up to ${group(card.baggageBytesMax)} bytes of baggage.`,
    'It is sent with each message on each hop. Limit it with the baggage option of the wrapper.',
  );
  return found;
}

/** Formats a share: `all 12`, `3 of 12 (25 %)`. */
function share(count: number, of: number): string {
  if (count >= of) return `all ${group(of)}`;
  const percent = (100 * count) / of;
  return `${group(count)} of ${group(of)} (${percent < 0.1 ? '<0.1' : percent < 1 ? percent.toFixed(1) : Math.round(percent)} %)`;
}
