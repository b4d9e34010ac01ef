import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenOperations } from './open-operations.ts';
import { noOperation } from './operation.ts';

test('has the operations that were added and not removed, in order, as a Set has', () => {
  const step = fc.tuple(fc.boolean(), fc.nat(9));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const open = new OpenOperations();
      const entries = Array.from({ length: 10 }, () => noOperation(ROOT_CONTEXT)).map((operation) => ({
        operation,
        entry: undefined as ReturnType<OpenOperations['add']> | undefined,
      }));
      const expected = new Set<unknown>();
      for (const [adds, at] of steps) {
        const one = entries[at]!;
        if (adds && !expected.has(one.operation)) {
          one.entry = open.add(one.operation);
          expected.add(one.operation);
        } else if (!adds) {
          // Removing twice has no effect.
          one.entry?.remove();
          expected.delete(one.operation);
        }
        expect([...open]).toEqual([...expected]);
      }
    }),
  );
});

test('each may be removed while they are visited', () => {
  const open = new OpenOperations();
  const operations = [1, 2, 3].map(() => noOperation(ROOT_CONTEXT));
  const entries = new Map(operations.map((operation) => [operation, open.add(operation)]));
  const visited = [];
  for (const operation of open) {
    visited.push(operation);
    entries.get(operation)!.remove();
  }
  expect(visited).toEqual(operations);
  expect([...open]).toEqual([]);
});

/** Removes three operations, first the middle one; returns its entry, and the operations before and after it. */
function removeThree(open: OpenOperations): { middle: unknown; others: WeakRef<object>[] } {
  const [before, middle, after] = [1, 2, 3].map(() => {
    const operation = noOperation(ROOT_CONTEXT);
    return { entry: open.add(operation), operation: new WeakRef(operation) };
  });
  for (const each of [middle!, before!, after!]) each.entry.remove();
  return { middle: middle!.entry, others: [before!.operation, after!.operation] };
}

test('a removed one keeps no others in memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { middle, others } = removeThree(new OpenOperations());
  await setImmediate();
  collect();
  expect(others.map((other) => other.deref())).toEqual([undefined, undefined]);
  expect(middle).toBeDefined();
});
