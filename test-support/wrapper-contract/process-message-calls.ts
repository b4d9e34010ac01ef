// The calls of processMessage that every subject of the contract makes, with each kind of outcome.

/**
 * @param process - calls `processMessage` if the client is wrapped, else the function itself.
 * @param Failure - the class of the errors: one that the client does not treat in a special way.
 */
export function processMessageCalls(
  process: <R>(fn: () => R) => R,
  Failure: new (message: string) => Error,
): Readonly<Record<string, () => unknown>> {
  return {
    'processMessage that returns': () => process(() => 'done'),
    'processMessage that resolves': () => process(async () => 'done'),
    'processMessage that throws': () =>
      process(() => {
        throw new Failure('thrown');
      }),
    'processMessage that rejects': () => process(() => Promise.reject(new Failure('rejected'))),
  };
}
