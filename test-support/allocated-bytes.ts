// Counts the bytes that code allocates.
import { Session } from 'node:inspector';

const perRound = 10_000;

/** Bytes per call, of all objects, also of those that are collected meanwhile. */
async function bytesOf(call: (at: number) => unknown): Promise<number> {
  const session = new Session();
  session.connect();
  try {
    const post = (method: string, options = {}): Promise<{ profile: { head: Node } }> =>
      new Promise((resolve, reject) => {
        session.post(method, options, (error: Error | null, result?: object) =>
          error === null ? resolve(result as never) : reject(error),
        );
      });
    await post('HeapProfiler.startSampling', {
      samplingInterval: 128,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await repeat(call);
    const { profile } = await post('HeapProfiler.stopSampling');
    return sizeOf(profile.head) / perRound;
  } finally {
    session.disconnect();
  }
}

/** Calls many times, and awaits each promise that is returned before the next call. */
async function repeat(call: (at: number) => unknown): Promise<void> {
  for (let at = 0; at < perRound; at++) {
    const result = call(at);
    if (result instanceof Promise) await result;
  }
}

interface Node {
  readonly selfSize: number;
  readonly children: readonly Node[];
}

function sizeOf({ selfSize, children }: Node): number {
  return children.reduce((sum, child) => sum + sizeOf(child), selfSize);
}

/**
 * Bytes that one call allocates. Optimized code replaces the first one in the background, so it takes some rounds.
 *
 * @param expected - with this result, no more rounds are needed.
 */
export async function optimizedBytesOf(call: (at: number) => unknown, expected = 0): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < 100 && least > expected + 1; round++) {
    await repeat(call);
    least = Math.min(least, await bytesOf(call));
  }
  return least;
}

/** As {@link optimizedBytesOf}, if nothing is expected of the result. */
export async function usualBytesOf(call: (at: number) => unknown): Promise<number> {
  for (let round = 0; round < 20; round++) await repeat(call);
  let least = Infinity;
  for (let round = 0; round < 3; round++) least = Math.min(least, await bytesOf(call));
  return least;
}
