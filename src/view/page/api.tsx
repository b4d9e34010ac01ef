// Requests data from the server of the view, and keeps it up to date.
import type { HealthAnswer, JourneyAnswer, MapAnswer, SearchAnswer, SpanAnswer } from '../queries/types.ts';
import { readAnswer, streamType } from '../server/answer-stream.ts';
import { useEffect, useRef, useState } from 'preact/hooks';

/** The status of the process that serves the page. */
export interface Status {
  version: number;
  endpoints: { http?: string; grpc?: string; file?: string };
  intake: { requests: number; refused: number; lastError?: string; lastAt?: number };
  spans: { received: number; kept: number; evicted: number };
  bytes: number;
}

/** The response of each path of the API. */
interface Answers {
  '/api/map': MapAnswer;
  '/api/health': HealthAnswer;
  '/api/search': SearchAnswer;
  '/api/journey': JourneyAnswer;
  '/api/span': SpanAnswer;
}

const pollMs = 1000;

async function get<T>(
  path: string,
  parameters: Record<string, string | undefined> = {},
  signal?: AbortSignal,
  onProgress: (share: number) => void = () => {},
): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== '') search.set(name, value);
  const query = search.toString();
  const headers = { accept: path === '/api/search' ? streamType : 'application/json' };
  const response = await fetch(query === '' ? path : `${path}?${query}`, { headers, ...(signal && { signal }) });
  const body = (await readAnswer(response, onProgress)) as T & { error?: string };
  if (!response.ok) throw new Error(body.error ?? `the view answered ${response.status}`);
  return body;
}

/** Asks for the status again and again, while the page is visible. */
export function useStatus(): { status: Status | undefined; lost: boolean } {
  const [state, setState] = useState<{ status: Status | undefined; lost: boolean }>({ status: undefined, lost: false });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let ended = false;
    const ask = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const status = await get<Status>('/api/status');
          setState((before) =>
            before.status?.version === status.version && !before.lost ? before : { status, lost: false },
          );
        } catch {
          setState(({ status }) => ({ status, lost: true }));
        }
      }
      if (!ended) timer = setTimeout(() => void ask(), pollMs);
    };
    void ask();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, []);
  return state;
}

/** The newest response of a path; the previous one is kept until it arrives, so that nothing flickers. */
export function useAnswer<Path extends keyof Answers>(
  path: Path,
  parameters: Record<string, string | undefined>,
  version: number | undefined,
): { answer: Answers[Path] | undefined; error: string | undefined; progress: number | undefined } {
  const key = JSON.stringify([path, parameters]);
  const [state, setState] = useState<{ key: string; answer: Answers[Path] | undefined; error: string | undefined }>({
    key,
    answer: undefined,
    error: undefined,
  });
  const [progress, setProgress] = useState<number | undefined>(undefined);
  const asked = useRef(0);
  useEffect(() => {
    if (version === undefined) return undefined;
    const stop = new AbortController();
    const number = ++asked.current;
    setProgress(undefined);
    const onProgress = (share: number): void => {
      if (number === asked.current) setProgress(share);
    };
    get<Answers[Path]>(path, parameters, stop.signal, onProgress).then(
      (answer) => {
        if (number === asked.current) setState({ key, answer, error: undefined });
      },
      (error: unknown) => {
        if (!stop.signal.aborted)
          setState({ key, answer: undefined, error: error instanceof Error ? error.message : 'no answer' });
      },
    );
    return () => stop.abort();
  }, [key, version]);
  return state.key === key ? { ...state, progress } : { answer: undefined, error: undefined, progress };
}
