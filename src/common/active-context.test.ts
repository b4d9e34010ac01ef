import {
  type Context,
  context as contextApi,
  type ContextManager,
  createContextKey,
  ROOT_CONTEXT,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { activeContext, applyInContext, bindToContext, callInContext, runInContext } from './active-context.ts';
import { tracingFaults } from './faults.ts';

const key = createContextKey('test');
const other: Context = ROOT_CONTEXT.setValue(key, 'here');

function register(broken: Partial<Record<keyof ContextManager, unknown>> = {}): void {
  const manager = new AsyncLocalStorageContextManager();
  contextApi.setGlobalContextManager(Object.assign(manager, broken) as ContextManager);
}

function faultsOf(run: () => void): number {
  const before = tracingFaults();
  run();
  return tracingFaults() - before;
}

afterEach(() => contextApi.disable());

describe('activeContext', () => {
  it('is the active context', () => {
    register();
    expect(contextApi.with(other, activeContext)).toBe(other);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['returns undefined', () => undefined],
    ['returns null', () => null],
    ['returns a value that is not a context', () => 'context'],
  ])('is the root context if the context manager %s, and a fault is counted', (_, active) => {
    register({ active });
    expect(faultsOf(() => expect(activeContext()).toBe(ROOT_CONTEXT))).toBe(1);
  });
});

describe('runInContext', () => {
  it('runs the function in the context', () => {
    register();
    expect(faultsOf(() => expect(runInContext(other, () => contextApi.active().getValue(key))).toBe('here'))).toBe(0);
    const error = new Error('own');
    expect(
      faultsOf(() =>
        expect(() =>
          runInContext(other, () => {
            throw error;
          }),
        ).toThrow(error),
      ),
    ).toBe(0);
  });

  const managers: [string, (context: Context, fn: () => unknown) => unknown][] = [
    [
      'throws before the call',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'throws after the call',
      (_, fn) => {
        fn();
        throw new Error('broken');
      },
    ],
    ['does not call', () => undefined],
    [
      'calls twice',
      (_, fn) => {
        fn();
        return fn();
      },
    ],
    ['returns undefined', (_, fn) => void fn()],
    [
      'returns null',
      (_, fn) => {
        fn();
        return null;
      },
    ],
    [
      'swallows errors',
      (_, fn) => {
        try {
          return fn();
        } catch {
          return undefined;
        }
      },
    ],
    [
      'replaces errors',
      (_, fn) => {
        try {
          return fn();
        } catch {
          throw new Error('another');
        }
      },
    ],
  ];

  it.each(managers)('calls the function once if the context manager %s, and returns its result', (name, broken) => {
    register({ with: broken });
    let calls = 0;
    const faults = faultsOf(() => expect(runInContext(other, () => ++calls)).toBe(1));
    expect(calls).toBe(1);
    expect(faults > 0).toBe(!name.endsWith('errors'));
  });

  it.each(managers)('calls the function once if the context manager %s, and throws its error', (_, broken) => {
    register({ with: broken });
    let calls = 0;
    const own = new Error('own');
    const failing = (): never => {
      calls++;
      throw own;
    };
    let thrown: unknown;
    try {
      runInContext(other, failing);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBe(own);
    expect(calls).toBe(1);
  });

  it('does not call the function again if the context manager calls it later', async () => {
    register({ with: (_: Context, fn: () => unknown) => void setImmediate(fn) });
    let calls = 0;
    const before = tracingFaults();
    expect(runInContext(other, () => ++calls)).toBe(1);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(calls).toBe(1);
    expect(tracingFaults()).toBeGreaterThan(before);
  });
});

describe.each([
  ['an exact manager', {}],
  [
    'another manager',
    { with: (context: Context, fn: () => unknown) => new AsyncLocalStorageContextManager().with(context, fn) },
  ],
  ['a manager that does not call', { with: () => undefined }],
])('with %s', (_, manager) => {
  it('callInContext passes the argument and no this', () => {
    register(manager);
    function fn(this: unknown, argument: string): unknown[] {
      return [this, argument];
    }
    expect(callInContext(other, fn, 'argument')).toStrictEqual([undefined, 'argument']);
  });

  it('applyInContext passes this and the arguments', () => {
    register(manager);
    const target = {};
    function fn(this: unknown, ...args: unknown[]): unknown[] {
      return [this, args];
    }
    const [self, args] = applyInContext(other, fn, target, [1, 2]);
    expect(self).toBe(target);
    expect(args).toStrictEqual([1, 2]);
  });
});

it('callInContext and applyInContext run the function in the context', () => {
  register();
  const active = (): unknown => contextApi.active().getValue(key);
  expect(callInContext(other, active, undefined)).toBe('here');
  expect(applyInContext(other, active, undefined, [])).toBe('here');
});

it('bindToContext preserves this and the arguments', () => {
  register();
  const target = {
    name: 'it',
    fn: bindToContext(other, function fn(this: { name: string }, more: string) {
      return [this.name, more, contextApi.active().getValue(key)];
    }),
  };
  expect(target.fn('more')).toStrictEqual(['it', 'more', 'here']);
});
