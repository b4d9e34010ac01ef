/**
 * Plain data that all copies of this package in a process share: two installed versions, `import` and `require`, or what
 * `jest.resetModules()` loads again. It lies on `globalThis` under a registered symbol, which names the version of its shape.
 *
 * @param version - changes whenever the meaning of the data does.
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
