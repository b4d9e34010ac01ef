// Finds problems that several services show together, or only metrics.
import type { Card } from '../store/flow.ts';
import type { SpanStore } from '../store/store.ts';
import { group } from './durations.ts';
import type { Finding } from './types.ts';

interface Participant {
  service: number;
  spans: number;
  sampled: number;
}

/**
 * Finds destinations where some spans carry a sampling threshold (`ot=th` in the trace state) and others do not: their figures cannot be
 * compared.
 */
export function mixedSampling(store: SpanStore, card: Card): Finding[] {
  const participants: Participant[] = [...store.flow.senders, ...store.flow.hops].filter((each) => each.card === card);
  const spans = participants.reduce((sum, each) => sum + each.spans, 0);
  const sampled = participants.reduce((sum, each) => sum + each.sampled, 0);
  if (sampled === 0 || sampled === spans) return [];
  const without = new Set(participants.filter((each) => each.sampled < each.spans).map(({ service }) => service));
  const names = [...without].map((service) => store.services.text(service)).slice(0, 5);
  return [
    {
      state: 'mixed-sampling',
      severity: 'note',
      destination: card.name,
      destinationId: card.id,
      consumer: '',
      queue: '',
      count: spans - sampled,
      of: spans,
      sentence: `Of the spans at ${card.name}, ${group(sampled)} carry a sampling threshold and ${group(spans - sampled)} do not (${names.join(', ')}).`,
      advice:
        "Counts and rates at this destination mix weighted and unweighted spans. Sample all its services by OpenTelemetry's probability (ot=th in the trace state), or record all of them.",
    },
  ];
}

/** Finds clock skew that metrics report and spans do not. */
export function skewOfMetrics(store: SpanStore, known: readonly Finding[]): Finding[] {
  const told = new Set(known.filter(({ state }) => state === 'clock-skew').map(({ destination }) => destination));
  const counts = new Map<string, { services: Set<string>; count: number }>();
  for (const { destination, service, value } of store.metrics.of('mqtrace.message.clock_skew')) {
    if (!(value > 0) || told.has(destination)) continue;
    const entry = counts.get(destination) ?? { services: new Set(), count: 0 };
    entry.services.add(service);
    entry.count += value;
    counts.set(destination, entry);
  }
  return [...counts].map(([destination, { services, count }]): Finding => {
    const who = [...services].slice(0, 5).join(', ');
    return {
      state: 'clock-skew',
      severity: 'problem',
      destination,
      destinationId: store.flow.cards.find(({ name }) => name === destination)?.id ?? -1,
      consumer: who,
      queue: '',
      count,
      of: count,
      sentence: `${who} received ${group(count)} messages of ${destination} before they were sent, by the clocks of both sides.`,
      advice: `Metrics do not contain the difference. Synchronize the clocks of ${who} and of the producers of ${destination} with NTP.`,
    };
  });
}
