import { AsyncLocalStorage } from 'node:async_hooks';
import { context, type Context, type ContextManager, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterEach, expect, test } from 'vitest';
import { AsyncContextManager } from '../sdk/context-manager.ts';
import { runInContext } from './active-context.ts';
import { exactManager } from './exact-manager.ts';
import { tracingFaults } from './faults.ts';

afterEach(() => context.disable());

class Derived extends AsyncLocalStorageContextManager {}
class DerivedFromOurs extends AsyncContextManager {
  override with(): never {
    throw new Error('no');
  }
}
const changed = (manager: ContextManager): ContextManager =>
  Object.assign(manager, { with: (_: Context, fn: () => unknown) => fn() });
const withStorage = (manager: AsyncLocalStorageContextManager): ContextManager =>
  Object.assign(manager, { _asyncLocalStorage: Object.assign(new AsyncLocalStorage(), { run: () => undefined }) });

test.each<[string, boolean, () => ContextManager]>([
  ["mqtrace's own", true, () => new AsyncContextManager()],
  ['the stock one', true, () => new AsyncLocalStorageContextManager()],
  ["mqtrace's own with another method", false, () => changed(new AsyncContextManager())],
  ['the stock one with another method', false, () => changed(new AsyncLocalStorageContextManager())],
  ['the stock one with a storage that was changed', false, () => withStorage(new AsyncLocalStorageContextManager())],
  ['a class of another name', false, () => new Derived()],
  ['a class made from ours', false, () => new DerivedFromOurs()],
])('%s is exact: %s', (_what, exact, make) => {
  context.setGlobalContextManager(make());
  expect(exactManager() !== undefined).toBe(exact);
});

test('one that the API does not use, because another version of it is registered, is not exact', () => {
  context.setGlobalContextManager(new AsyncContextManager());
  const parts = (globalThis as Record<symbol, { version: string }>)[Symbol.for('opentelemetry.js.api.1')]!;
  const { version } = parts;
  parts.version = '1.0.0';
  try {
    expect(exactManager()).toBeUndefined();
  } finally {
    parts.version = version;
  }
});

test('without a manager there is none', () => {
  expect(exactManager()).toBeUndefined();
});

test('one whose method is replaced later is checked from then on', () => {
  const manager = new AsyncContextManager();
  context.setGlobalContextManager(manager);
  expect(exactManager()).toBe(manager);
  Object.assign(manager, { with: () => undefined });
  expect(exactManager()).toBeUndefined();
  const faults = tracingFaults();
  expect(runInContext(ROOT_CONTEXT, () => 7)).toBe(7);
  expect(tracingFaults()).toBe(faults + 1);
});

test('with an exact manager a function runs in the context, and its exception is not a fault', () => {
  context.setGlobalContextManager(new AsyncContextManager());
  const inner = ROOT_CONTEXT.setValue(Symbol('inner'), 1);
  const faults = tracingFaults();
  expect(runInContext(inner, () => context.active())).toBe(inner);
  const error = new RangeError('no');
  expect(() =>
    runInContext(inner, () => {
      throw error;
    }),
  ).toThrow(error);
  expect(tracingFaults()).toBe(faults);
});
