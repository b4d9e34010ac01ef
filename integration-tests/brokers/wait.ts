import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `probe` until it resolves.
 *
 * @param what what is waited for, for the error message
 * @param probe rejects until the condition is true
 * @param options `check` throws if waiting is pointless; `timeoutMs` (default 180 000) is the time limit
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T>,
  options: { readonly check?: (() => void | Promise<void>) | undefined; readonly timeoutMs?: number | undefined } = {},
): Promise<T> {
  const { check, timeoutMs = 180_000 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    await check?.();
    try {
      return await probe();
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
