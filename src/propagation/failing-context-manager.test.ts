import { context, type ContextManager, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterEach, expect, test, vi } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { activeContext, isContext, runInContext } from '../common/active-context.ts';
import { tracingFaults } from '../common/faults.ts';
import {
  baggage,
  baggageKey,
  captureContext,
  getBaggage,
  inject,
  injectEnvironment,
  withBaggage,
  withCapturedContext,
} from './index.ts';

afterEach(() => context.disable());

const fail = (): never => {
  throw new Error('broken');
};
const working = new AsyncLocalStorageContextManager();
function register(part: object): void {
  const manager: ContextManager = {
    active: () => working.active(),
    with: working.with.bind(working),
    bind: working.bind.bind(working),
    enable: () => manager,
    disable: () => manager,
    ...part,
  };
  context.setGlobalContextManager(manager);
}

const broken: [string, object][] = [
  ['active() throws', { active: fail }],
  ['active() returns undefined', { active: (): undefined => undefined }],
  ['active() returns null', { active: (): null => null }],
  ['active() returns something else', { active: (): object => ({}) }],
  ['with() throws before the call', { with: fail }],
  ['with() does not call', { with: (): undefined => undefined }],
  ['with() returns nothing', { with: (_: unknown, fn: () => void): void => fn() }],
  ['with() throws after the call', { with: (_: unknown, fn: () => void): void => void (fn(), fail()) }],
  [
    'with() swallows errors',
    {
      with(_: unknown, fn: () => void): void {
        try {
          fn();
        } catch {}
      },
    },
  ],
];

test.each(broken)('a context manager whose %s: the function runs once, and its result is returned', (_, part) => {
  register(part);
  expect(isContext(activeContext())).toBe(true);
  const fn = vi.fn<() => number>(() => 7);
  expect(runInContext(ROOT_CONTEXT, fn)).toBe(7);
  expect(withBaggage({ k: 'v' }, fn)).toBe(7);
  expect(withCapturedContext({}, fn)).toBe(7);
  expect(fn).toHaveBeenCalledTimes(3);
  const error = new RangeError('of the application');
  const thrower = vi.fn<() => never>(() => {
    throw error;
  });
  expect(() => runInContext(ROOT_CONTEXT, thrower)).toThrow(error);
  expect(() => withBaggage({ k: 'v' }, thrower)).toThrow(error);
  expect(thrower).toHaveBeenCalledTimes(2);
});

test.each(broken.slice(0, 4))(
  '%s: everything that reads the active context continues, and the fault is counted',
  (_, part) => {
    register(part);
    const before = tracingFaults();
    expect(getBaggage().getAllEntries()).toEqual([]);
    expect(inject(kafkaHeaders, { mine: '1' })).toEqual({ mine: '1' });
    expect(captureContext()).toEqual({});
    expect(injectEnvironment({ A: '1' })).toEqual({ A: '1' });
    expect(baggage.get('k', baggage.set('k', 'v'))).toBe('v');
    expect(isContext(baggage.remove('k'))).toBe(true);
    expect(baggage.get('k', baggageKey('k').set('w'))).toBe('w');
    expect(tracingFaults()).toBeGreaterThanOrEqual(before + 7);
  },
);

test('with a working context manager the result, also a promise, is unchanged', () => {
  register({});
  const promise = Promise.resolve(1);
  expect(runInContext(ROOT_CONTEXT, () => promise)).toBe(promise);
});
