import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isEagerPromise } from './eager-promise.ts';

class Plain extends Promise<unknown> {}
class Lazy extends Promise<unknown> {
  // oxlint-disable-next-line unicorn/no-thenable -- as query builders have
  override then(): never {
    throw new Error('then was called');
  }
}
class Getter extends Promise<unknown> {}
// oxlint-disable-next-line unicorn/no-thenable -- as query builders have
void Object.defineProperty(Getter.prototype, 'then', {
  get() {
    throw new Error('then was read');
  },
});

const noThen = (): never => {
  throw new Error('then was called');
};

describe('isEagerPromise', () => {
  it.each<[string, unknown]>([
    ['a native promise', Promise.resolve()],
    ['the promise of an async function', (async () => 1)()],
    ['a subclass that does not override then', Plain.resolve(1)],
    ['a native promise of another realm', runInNewContext('Promise.resolve(1)')],
    // oxlint-disable-next-line unicorn/no-thenable -- as Bluebird's and Q's
    ['a promise that reports whether it is pending', { isPending: () => true, then: noThen }],
  ])('is true for %s', (_, result) => {
    expect(isEagerPromise(result)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['text', 'then'],
    // oxlint-disable-next-line unicorn/no-thenable -- as query builders have
    ['a thenable', { then: noThen }],
    // oxlint-disable-next-line unicorn/no-thenable -- as query builders have
    ['a function with a then', Object.assign(() => 1, { then: noThen })],
    ['a subclass that overrides then', Reflect.construct(Promise, [() => undefined], Lazy)],
    ['a subclass whose then is a getter', Reflect.construct(Promise, [() => undefined], Getter)],
    // oxlint-disable-next-line unicorn/no-thenable -- as query builders have
    ['a promise with its own then', Object.assign(Promise.resolve(), { then: noThen })],
    [
      'a promise of another realm with its own then',
      runInNewContext('Object.assign(Promise.resolve(), { then() {} })'),
    ],
    ['an object with isPending and no then', { isPending: () => false }],
    ['a getter that throws', Object.defineProperty({}, 'isPending', { get: noThen })],
  ])('is false for %s', (_, result) => {
    expect(isEagerPromise(result)).toBe(false);
  });
});
