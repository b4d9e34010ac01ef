// Observes levels, such as lag, when metrics are read; earlier observations are discarded.
import { reportFault } from '../common/faults.ts';
import { type Level, type Observer, state } from './instruments.ts';
import { seriesFor } from './series.ts';

/** The time limit of an observer: later values are missing from the collection. */
const defaultTimeoutMs = 5000;

/** Calls `observer` whenever metrics are read, until the returned function is called. @internal */
export function observeLevels(observer: Observer): () => void {
  state.observers.add(observer);
  return () => void state.observers.delete(observer);
}

/**
 * Calls all observers for the current levels. Concurrent readers share one observation. Never rejects.
 *
 * @internal
 */
export function observe(timeoutMs: number = defaultTimeoutMs): Promise<void> {
  if (state.epoch === 0) return Promise.resolve();
  state.observation ??= observeNow(timeoutMs).finally(() => (state.observation = undefined));
  return state.observation;
}

interface Noted extends Level {
  readonly shared: boolean;
}

async function observeNow(timeoutMs: number): Promise<void> {
  const { epoch } = state;
  const noted: Noted[] = [];
  await Promise.all(Array.from(state.observers, (observer) => ask(observer, noted, timeoutMs)));
  if (state.epoch !== epoch) return;
  try {
    replaceLevels(noted);
  } catch (error) {
    reportFault('keeping levels', error);
  }
}

/** Adds the values of one observer, if it completes in time. */
async function ask(observer: Observer, noted: Noted[], timeoutMs: number): Promise<void> {
  const own: Noted[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    const asked = observer(({ definition, attributes, value }, shared = false) => {
      own.push({ definition, attributes, value, shared });
    });
    if (asked !== undefined) {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs).unref();
      });
      await Promise.race([asked, late]);
    }
    noted.push(...own);
  } catch (error) {
    reportFault('asking a broker for lag', error);
  } finally {
    clearTimeout(timer);
  }
}

function replaceLevels(noted: readonly Noted[]): void {
  for (const instrument of state.instruments.values()) {
    if (instrument.kind !== 'gauge') continue;
    instrument.series.clear();
    instrument.others = 0;
  }
  for (const { definition, attributes, value, shared } of noted) {
    const { data } = seriesFor(definition, attributes);
    data[0] = shared ? Math.max(data[0]!, value) : data[0]! + value;
  }
}
