import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { tracingFaults } from './faults.ts';
import { defer, deferredDone, type DeferredWork, drainDeferred } from './deferred-work.ts';

afterEach(() => vi.restoreAllMocks());

function workOf(steps: number, onStep: (done: number) => void = () => undefined): DeferredWork & { done: number } {
  return {
    done: 0,
    step() {
      onStep(++this.done);
      return this.done < steps;
    },
  };
}

test('work is done after the current turn, in order', async () => {
  const order: string[] = [];
  const [one, other] = ['one', 'other'].map((name) => workOf(2, () => void order.push(name)));
  defer(one!);
  defer(other!);
  expect(order).toEqual([]);
  while (order.length < 4) await turn();
  expect(order).toEqual(['one', 'one', 'other', 'other']);
});

test('the event loop turns between slices of long work', async () => {
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const work = workOf(10, () => void (clock += 2));
  defer(work);
  await turn();
  // A slice ends after 5 ms.
  expect(work.done).toBe(3);
  drainDeferred();
  expect(work.done).toBe(10);
});

test('waiting for all of it lets the event loop turn', async () => {
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const work = workOf(10, () => void (clock += 2));
  defer(work);
  const doneAtTurns: number[] = [];
  const done = deferredDone();
  for (let turns = 0; turns < 4; turns++) {
    await turn();
    doneAtTurns.push(work.done);
  }
  await done;
  expect(doneAtTurns).toEqual([3, 6, 9, 10]);
  await deferredDone();
});

test('a drain does all of it, also what is added meanwhile, and also from within a step', () => {
  const last = workOf(3);
  const nested = workOf(4, (done) => {
    if (done === 1) defer(last);
    if (done === 2) drainDeferred();
  });
  defer(nested);
  drainDeferred();
  expect([nested.done, last.done]).toEqual([4, 3]);
});

test('a step that throws is counted, and the rest of its work is dropped', () => {
  const before = tracingFaults();
  const failing = workOf(3, () => {
    throw new Error('step');
  });
  const other = workOf(1);
  defer(failing);
  defer(other);
  drainDeferred();
  expect([failing.done, other.done]).toEqual([1, 1]);
  expect(tracingFaults()).toBe(before + 1);
});
