import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `probe` until it resolves.
 *
 * @param what what is waited for, for the error message
 * @param probe rejects until the condition is true
 * @param options `check` throws if waiting is pointless; `timeoutMs` (default 180 000) is the time limit, and `probeMs`
 *   (default 30 000) that of one call
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T>,
  options: {
    readonly check?: (() => void | Promise<void>) | undefined;
    readonly timeoutMs?: number | undefined;
    readonly probeMs?: number | undefined;
  } = {},
): Promise<T> {
  const { check, timeoutMs = 180_000, probeMs = 30_000 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    await check?.();
    try {
      return await within(probeMs, probe());
    } catch (error) {
      if (performance.now() < deadline) {
        await sleep(100);
        continue;
      }
      const why = error instanceof Error ? error.message || error.name : String(error);
      throw new Error(`${what} is not ready after ${timeoutMs / 1000} s: ${why}`, { cause: error });
    }
  }
}

/** A request to a port that is published before its service listens may never settle, and not keep the process alive. */
async function within<T>(limitMs: number, result: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([result, limit]);
  } finally {
    clearTimeout(timer);
  }
}
