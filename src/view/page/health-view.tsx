// The view of problems in traces.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Finding, HealthAnswer } from '../queries/types.ts';
import { addressOf } from './route.tsx';

const names: Record<Finding['state'], string> = {
  'no-context': 'no context',
  'producer-not-seen': 'producer not seen',
  'producer-unsampled': 'producer not sampled',
  'not-consumed': 'not consumed yet',
  'clock-skew': 'clocks differ',
  'baggage-size': 'much baggage',
  'double-instrumentation': 'recorded twice',
  failures: 'failures',
  redeliveries: 'delivered again',
  rerouted: 're-routed',
  'mixed-sampling': 'mixed sampling',
};

/** The problems of each destination, and what to do about them. */
export function HealthView({ health }: { health: HealthAnswer }): VNode {
  const [wanted, setWanted] = useState<Finding['state'] | undefined>(undefined);
  const counts = new Map<Finding['state'], number>();
  for (const { state } of health.findings) counts.set(state, (counts.get(state) ?? 0) + 1);
  // The last finding of the wanted state may have gone.
  const only = wanted !== undefined && counts.has(wanted) ? wanted : undefined;
  const destinations = new Map<number, Finding[]>();
  for (const finding of health.findings.filter(({ state }) => only === undefined || state === only))
    destinations.set(finding.destinationId, [...(destinations.get(finding.destinationId) ?? []), finding]);
  // A note is no problem, but its destination is shown already.
  const others = health.healthy.filter((name) => !health.findings.some(({ destination }) => destination === name));
  const { evicted, refused } = health.coverage;
  return (
    <div class="health">
      {counts.size > 1 && (
        <div class="chips" role="group" aria-label="show only">
          <button type="button" aria-pressed={only === undefined} onClick={() => setWanted(undefined)}>
            all {health.findings.length}
          </button>
          {[...counts].map(([state, count]) => (
            <button
              type="button"
              key={state}
              aria-pressed={state === only}
              onClick={() => setWanted(state === only ? undefined : state)}
            >
              {names[state]} {count}
            </button>
          ))}
        </div>
      )}
      {[...destinations].map(([id, findings]) => (
        <section key={id}>
          <h2>{findings[0]!.destination}</h2>
          {findings.map((finding) => (
            <article
              class={`severity-${finding.severity}`}
              key={`${finding.state} ${finding.consumer} ${finding.queue}`}
            >
              <h3>
                <span aria-hidden="true">{finding.severity === 'problem' ? '⚠' : 'ℹ'}</span> {names[finding.state]}
              </h3>
              <p>{finding.sentence}</p>
              <p class="advice">{finding.advice}</p>
              <Look finding={finding} />
            </article>
          ))}
        </section>
      ))}
      {only === undefined && others.length > 0 && (
        <section>
          <h2>
            <span aria-hidden="true">✓</span> no problem
          </h2>
          <p>{others.join(', ')}</p>
        </section>
      )}
      {evicted > 0 && (
        <p class="note">{evicted} older spans have been removed. The figures count them; journeys do not show them.</p>
      )}
      {refused > 0 && <p class="note">{refused} names are beyond the limits and counted as “other”.</p>}
    </div>
  );
}

/** Links to the messages of a finding. */
function Look({ finding }: { finding: Finding }): VNode | null {
  const { state, destination } = finding;
  if (state === 'baggage-size' || state === 'mixed-sampling') return null;
  const failed = state === 'failures';
  return (
    <p>
      <a href={addressOf('journeys', { destination, error: failed ? 'true' : undefined })}>
        {failed ? 'failed messages' : 'its messages'}
      </a>
    </p>
  );
}
