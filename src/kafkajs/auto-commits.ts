// Traces the commits that kafkajs makes by itself.
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { guard, isEagerPromise, replaceMethod, startSettling } from '../messaging/index.ts';
import { listen } from './connection.ts';
import { type PartitionOffset, positionsOf, settledBySendOffsets } from './settling.ts';
import type { ClientState } from './state.ts';
import type { ConsumerLike } from './types.ts';

/**
 * Adds a settle span for each automatic commit. kafkajs reports only that a commit has succeeded, so the span has no duration and
 * no parent. It reports the commits by `commitOffsets` as well, which have spans of their own.
 */
export function traceAutoCommits(consumer: ConsumerLike, { messaging, connection }: ClientState): void {
  const manual = new Manual();
  noteManualCommits(consumer, manual);
  listen(consumer, 'COMMIT_OFFSETS', (payload) => {
    const { destination, own } = settledBySendOffsets([payload]);
    if (!manual.take(keyOfPositions(positionsOf(payload['topics'])))) {
      const description = { name: 'commit', destination, attributes: connection.attributes, own };
      startSettling(messaging, description, [], ROOT_CONTEXT).end();
    }
    return false;
  });
}

/** The commits by the application that kafkajs has not reported yet. */
class Manual {
  readonly #waiting = new Map<string, number>();

  /** Notes a call of `commitOffsets`; returns what has to be called when its promise has settled. */
  note(args: readonly unknown[]): () => void {
    const key = guard('reading a commit', () => keyOfPositions(args[0])) ?? '';
    this.#waiting.set(key, (this.#waiting.get(key) ?? 0) + 1);
    return () => void this.take(key);
  }

  take(key: string): boolean {
    const count = this.#waiting.get(key);
    if (count === undefined) return false;
    if (count === 1) this.#waiting.delete(key);
    else this.#waiting.set(key, count - 1);
    return true;
  }
}

/** Notes each call of `commitOffsets` until it has settled. */
function noteManualCommits(consumer: ConsumerLike, manual: Manual): void {
  replaceMethod(consumer, 'commitOffsets', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      const settled = manual.note(args);
      const result: unknown = raw.apply(this, args);
      if (!isEagerPromise(result)) return result;
      return result.then(
        (value: unknown) => {
          settled();
          return value;
        },
        (error: unknown) => {
          settled();
          throw error;
        },
      );
    };
  });
}

function keyOfPositions(given: unknown): string {
  const positions = Array.isArray(given) ? (given as (PartitionOffset | null)[]) : [];
  return positions
    .map((each) => `${String(each?.partition)} ${String(each?.offset)} ${String(each?.topic)}`)
    .toSorted((one, other) => (one < other ? -1 : 1))
    .join(',');
}
