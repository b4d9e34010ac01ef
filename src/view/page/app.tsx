// The page: the top bar and the selected view.
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { HealthAnswer, MapAnswer } from '../queries/types.ts';
import { type Status, useAnswer, useStatus } from './api.tsx';
import { HealthView } from './health-view.tsx';
import { JourneyView } from './journey-view.tsx';
import { JourneysView } from './journeys-view.tsx';
import { MapView } from './map-view.tsx';
import { MapSentence } from './sentence.tsx';
import { addressOf, go, type Route, useRoute } from './route.tsx';

const tabs = [
  { view: 'map', name: 'Map', key: '1' },
  { view: 'journeys', name: 'Journeys', key: '2' },
  { view: 'health', name: 'Health', key: '3' },
] as const;

export function App(): VNode {
  const { status, lost } = useStatus();
  const route = useRoute();
  const map = useAnswer('/api/map', {}, status?.version).answer;
  const health = useAnswer('/api/health', {}, status?.version).answer;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { target } = event;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
      const tab = tabs.find(({ key }) => key === event.key);
      if (tab !== undefined) go(tab.view);
      else if (event.key === '/') {
        event.preventDefault();
        go('journeys');
        setTimeout(() => document.querySelector<HTMLInputElement>('input[name=id]')?.focus(), 50);
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const problems = health?.findings.filter(({ severity }) => severity === 'problem').length ?? 0;
  return (
    <>
      <header class="top">
        <h1>mqtrace</h1>
        <p class="sentence" role="status">
          {route.view === 'health' ? health?.sentence : map !== undefined && <MapSentence map={map} />}
        </p>
        <nav aria-label="views">
          {tabs.map(({ view, name, key }) => (
            <a href={addressOf(view)} aria-current={isIn(route, view) ? 'page' : undefined} title={`key ${key}`}>
              {name}
              {view === 'health' && problems > 0 && <span class="count">⚠ {problems}</span>}
            </a>
          ))}
        </nav>
      </header>
      {lost && (
        <p class="error" role="alert">
          The view does not answer any more: “mqtrace view” has ended, or was started again with another token.
        </p>
      )}
      <main>{contentOf(route, status, map, health)}</main>
    </>
  );
}

function isIn(route: Route, view: string): boolean {
  return route.view === view || (route.view === 'journey' && view === 'journeys');
}

function contentOf(
  route: Route,
  status: Status | undefined,
  map: MapAnswer | undefined,
  health: HealthAnswer | undefined,
): VNode {
  if (status === undefined || map === undefined || health === undefined) return <p class="note">loading…</p>;
  if (map.destinations.length === 0 && route.view !== 'journey') return <Empty status={status} />;
  if (route.view === 'health') return <HealthView health={health} />;
  if (route.view === 'journey') return <JourneyView parameters={route.parameters} version={status.version} />;
  if (route.view === 'journeys')
    return (
      <JourneysView
        parameters={route.parameters}
        version={status.version}
        destinations={map.destinations.map(({ name }) => name)}
      />
    );
  return <MapView map={map} />;
}

/** The instructions that are shown until something is received. */
function Empty({ status }: { status: Status }): VNode {
  const { http = 'http://127.0.0.1:4318', grpc = 'http://127.0.0.1:4317' } = status.endpoints;
  return (
    <div class="empty">
      <h2>Waiting for spans</h2>
      <p>Start a service that exports to this view:</p>
      <pre>OTEL_EXPORTER_OTLP_ENDPOINT={http} node app.js</pre>
      <p>
        {http} takes OTLP/HTTP (protobuf and JSON), {grpc} takes OTLP/gRPC.
      </p>
      {status.spans.received > 0 && (
        <p>{status.spans.received} spans have come in, but none of them is about messages.</p>
      )}
      {status.intake.refused > 0 && (
        <p class="bad">
          ✕ {status.intake.refused} requests could not be read: {status.intake.lastError}
        </p>
      )}
    </div>
  );
}
