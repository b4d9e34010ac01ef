// Records the outcomes of calls, to compare a raw with a wrapped client.

/** The outcome of a call: its return value, and its result or error. */
export interface Outcome {
  /** `throws`, a promise and its class, or the type of the value that was returned. */
  readonly returned: string;
  readonly result?: unknown;
  readonly error?: string;
}

/** Makes a call and waits for its end. */
export async function outcome(call: () => unknown, normalize: (result: unknown) => unknown): Promise<Outcome> {
  let given: unknown;
  try {
    given = call();
  } catch (error) {
    return { returned: 'throws', error: String(error) };
  }
  const isPromise = typeof (given as PromiseLike<unknown> | null | undefined)?.then === 'function';
  const returned = isPromise ? `promise (${(given as object).constructor.name})` : typeof given;
  try {
    return { returned, result: normalize(await given) };
  } catch (error) {
    return { returned, error: String(error) };
  }
}

/** Makes calls one after the other. Names that differ between two runs are replaced. */
export async function outcomes(
  calls: Readonly<Record<string, () => unknown>>,
  normalize: (result: unknown) => unknown,
  destination: string,
): Promise<Record<string, Outcome>> {
  const all: Record<string, Outcome> = {};
  for (const [name, call] of Object.entries(calls)) {
    const found = JSON.stringify(await outcome(call, normalize));
    all[name] = JSON.parse(found.replaceAll(destination, 'DESTINATION')) as Outcome;
  }
  return all;
}

/**
 * Runs a function, which gets the rejections seen so far, and returns the unhandled rejections it left. They are
 * hidden from vitest, which would fail the run.
 */
export async function unhandledRejections(run: (seen: readonly string[]) => unknown): Promise<string[]> {
  const seen: string[] = [];
  const others = process.listeners('unhandledRejection');
  const listen = (reason: unknown): void => void seen.push(String(reason));
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', listen);
  try {
    await run(seen);
    // Node reports them after the microtasks of the turn in which they were rejected.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeListener('unhandledRejection', listen);
    for (const other of others) process.on('unhandledRejection', other);
  }
  return seen;
}
