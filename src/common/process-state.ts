// Holds state that all copies of this package in a process share.
/**
 * Plain data that all copies of this package in a process share: two installed versions, `import` and `require`, or a reload by
 * `jest.resetModules()`. It is stored on `globalThis` under a registered symbol that contains the version of its shape.
 *
 * @param version - must change when the meaning of the data changes.
 * @internal
 */
export function processState<State extends object>(name: string, version: number, create: () => State): State {
  const key = Symbol.for(`mqtrace.${name}.${version}`);
  const holder = globalThis as unknown as Record<symbol, State | undefined>;
  const known = holder[key];
  if (known !== undefined) return known;
  const state = create();
  Object.defineProperty(globalThis, key, { value: state, configurable: true });
  return state;
}
