import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContextManager, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { beforeEach, describe, expect, test } from 'vitest';
import { AsyncContextManager } from './context-manager.ts';

const key = createContextKey('test');
const a = ROOT_CONTEXT.setValue(key, 'a');
const b = ROOT_CONTEXT.setValue(key, 'b');

// The SDK's own manager has the expected behaviour, except for two defects.
describe.each([
  ['ours', AsyncContextManager],
  ["the SDK's", AsyncLocalStorageContextManager],
] as const)('%s', (_, Manager) => {
  let manager: ContextManager & { attach?: AsyncContextManager['attach'] };
  const active = (): unknown => manager.active().getValue(key);
  beforeEach(() => {
    manager = new Manager().enable();
  });

  test('the root context is active until another one is set', () => {
    expect(manager.active()).toBe(ROOT_CONTEXT);
    manager.with(a, () => expect(active()).toBe('a'));
    expect(manager.active()).toBe(ROOT_CONTEXT);
  });

  test('with() passes this and arguments, and returns or throws what the function does', () => {
    const self = { name: 'self' };
    const join = function (this: typeof self, ...parts: string[]): string {
      return `${this.name} ${String(active())} ${parts.join()}`;
    };
    expect(manager.with(a, join, self, 'x', 'y')).toBe('self a x,y');
    const error = new Error('mine');
    expect(() =>
      manager.with(a, () => {
        throw error;
      }),
    ).toThrow(error);
    expect(active()).toBeUndefined();
  });

  test('the context is kept across asynchronous calls, separately for each', async () => {
    const seen = async (ms: number): Promise<unknown> => {
      await sleep(ms);
      return active();
    };
    expect(await Promise.all([manager.with(a, seen, undefined, 2), manager.with(b, seen, undefined, 1)])).toEqual([
      'a',
      'b',
    ]);
  });

  test('a bound function keeps its context, its this and its length', () => {
    const self = {};
    const bound = manager.bind(a, function (this: unknown, x: number, y: number) {
      return [this, x + y, active()];
    });
    expect(bound).toHaveLength(2);
    expect(manager.with(b, () => bound.call(self, 1, 2))).toEqual([self, 3, 'a']);
    expect(manager.bind(a, 'text')).toBe('text');
  });

  test('listeners of a bound emitter run in its context, once or often, and can be removed', () => {
    const emitter = manager.bind(a, new EventEmitter());
    expect(manager.bind(b, emitter)).toBe(emitter);
    const seen: unknown[] = [];
    const note =
      (name: string) =>
      (...args: unknown[]): void =>
        void seen.push([name, active(), ...args]);
    const [on, added, first, firstOnce, removed, removedOnce] = ['on', 'added', 'first', 'once', 'no', 'no'].map(note);
    emitter.on('x', on!).addListener('x', added!).prependListener('x', first!).once('x', firstOnce!);
    emitter.on('x', removed!).once('x', removedOnce!);
    emitter.off('x', removed!).removeListener('x', removedOnce!);
    manager.with(b, () => emitter.emit('x', 1));
    emitter.emit('x', 2);
    expect(seen).toEqual([
      ['first', 'a', 1],
      ['on', 'a', 1],
      ['added', 'a', 1],
      ['once', 'a', 1],
      ['first', 'a', 2],
      ['on', 'a', 2],
      ['added', 'a', 2],
    ]);
    emitter.removeAllListeners('x');
    expect(emitter.emit('x')).toBe(false);
  });

  test('events.once() works on a bound emitter', async () => {
    const emitter = manager.bind(a, new EventEmitter());
    const ready = once(emitter, 'ready');
    emitter.emit('ready', 1);
    expect(await ready).toEqual([1]);
    expect(emitter.listenerCount('ready')).toBe(0);
  });

  test('attach() makes a context active until it is disposed of', () => {
    manager.with(a, () => {
      const token = manager.attach!(b);
      expect(active()).toBe('b');
      token.dispose();
      token.dispose();
      expect(active()).toBe('a');
    });
  });

  test('after disable() the root context is active', () => {
    manager.with(a, () => {
      manager.disable();
      expect(manager.active()).toBe(ROOT_CONTEXT);
    });
  });
});

test('a listener that was added twice is removed twice', () => {
  const emitter = new AsyncContextManager().bind(a, new EventEmitter());
  const listener = (): void => undefined;
  emitter.once('x', listener).prependOnceListener('x', listener).off('x', listener).off('x', listener);
  expect(emitter.listenerCount('x')).toBe(0);
});

test('a value that is not a listener causes the error of the emitter', () => {
  const emitter = new AsyncContextManager().bind(a, new EventEmitter());
  for (const name of ['on', 'once', 'prependListener', 'prependOnceListener'] as const)
    expect(() => emitter[name]('x', 'no' as never)).toThrow(/listener.* must be of type function/);
});
