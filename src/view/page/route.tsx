// The state of the page in its address.
import { useEffect, useState } from 'preact/hooks';

/** The location within the page, kept in the address so that back, forward and links work. */
export interface Route {
  view: 'map' | 'journeys' | 'journey' | 'health';
  parameters: Record<string, string>;
}

const views = new Set(['map', 'journeys', 'journey', 'health']);

function read(): Route {
  const [, view = '', query = ''] = /^#\/([a-z]*)(?:\?(.*))?$/.exec(location.hash) ?? [];
  const parameters = Object.fromEntries(new URLSearchParams(query));
  return { view: views.has(view) ? (view as Route['view']) : 'map', parameters };
}

export function addressOf(view: Route['view'], parameters: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== '') search.set(name, value);
  const query = search.toString();
  return `#/${view}${query === '' ? '' : `?${query}`}`;
}

export function go(view: Route['view'], parameters: Record<string, string | undefined> = {}): void {
  location.hash = addressOf(view, parameters);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const changed = (): void => setRoute(read());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}
