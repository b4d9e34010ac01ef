// Ends a command on Ctrl-C after it has released its resources.

/** The exit code of a process that a signal ended. */
const interruptedCode = 130;

/**
 * Runs a command that has resources to release. The first SIGINT or SIGTERM aborts the signal and waits for the command; a second
 * one ends the process immediately.
 */
export async function interruptible(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, stop);
  try {
    return await run(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return interruptedCode;
    throw error;
  } finally {
    for (const signal of signals) process.removeListener(signal, stop);
  }
}
