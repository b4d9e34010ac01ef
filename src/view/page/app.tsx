// The page: the top bar and the selected view.
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { HealthAnswer, MapAnswer } from '../queries/types.ts';
import { type Status, useAnswer, useStatus } from './api.tsx';
import { EmptyView } from './empty-view.tsx';
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
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    // What is fixed below the bar, such as panels, begins at its lower edge.
    const observer = new ResizeObserver(() =>
      document.documentElement.style.setProperty('--top', `${bar.current!.offsetHeight}px`),
    );
    observer.observe(bar.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    document.title = `mqtrace: ${isIn(route, 'journeys') ? 'journeys' : route.view}`;
  }, [route.view]);
  const problems = health?.findings.filter(({ severity }) => severity === 'problem').length ?? 0;
  return (
    <>
      <header class="top" ref={bar}>
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
  if (map.destinations.length === 0 && route.view !== 'journey') return <EmptyView status={status} />;
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
