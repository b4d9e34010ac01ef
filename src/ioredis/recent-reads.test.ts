import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ReceivedMessage } from './message.ts';
import { RecentReads, type RecentLimits } from './recent-reads.ts';
import { UnsettledEntries } from './unsettled-entries.ts';

interface Delivered {
  readonly id: string;
  /** Which delivery of this entry: the latest one is linked. */
  readonly delivery: number;
  readonly bytes: number;
  readonly unsettled: (onlySampled: boolean) => string | undefined;
}

let deliveries = 0;

function message(id: string, isSampled = true, bytes = 400): Delivered & ReceivedMessage {
  const delivery = ++deliveries;
  const unsettled = (onlySampled: boolean): string | undefined =>
    onlySampled && !isSampled ? undefined : String(delivery);
  return { id, delivery, bytes, unsettled } as unknown as Delivered & ReceivedMessage;
}

const deliveryOf = (taken: unknown): string | undefined =>
  typeof taken === 'object' ? String((taken as Delivered).delivery) : (taken as string | undefined);

const id = fc
  .tuple(fc.constantFrom('9', '10', '18446744073709551615'), fc.integer({ min: 0, max: 12 }))
  .map(([time, number]) => `${time}-${number}`);
const stream = fc.constantFrom('orders', 'other');
const group = fc.constantFrom('g', 'h');
const added = fc.record({
  stream,
  group,
  ids: fc.array(id, { minLength: 1, maxLength: 6 }),
  unsampled: fc.constantFrom(-1, 0, 1),
  onlySampled: fc.boolean(),
  isNew: fc.boolean(),
  inOrder: fc.boolean(),
});
const taken = fc.record({ stream, group, taken: fc.array(id, { minLength: 1, maxLength: 6 }), inOrder: fc.boolean() });
const limits: fc.Arbitrary<RecentLimits> = fc.constantFrom(
  { reads: 1, bytes: 1e9 },
  { reads: 16, bytes: 1200 },
  { reads: 16, bytes: 1e9 },
);

/** By time and number. */
const ascending = (one: string, other: string): number => {
  const [a, b] = [one, other].map((each) => each.split('-').map(BigInt)) as [bigint[], bigint[]];
  return Number(a[0]! - b[0]! || a[1]! - b[1]!);
};

test('any entries are found as in a map of all of them, in any order of reads and acknowledgements', () => {
  fc.assert(
    fc.property(limits, fc.array(fc.oneof(added, taken), { maxLength: 30 }), (limit, steps) => {
      const others = new UnsettledEntries({ entries: Infinity, bytes: Infinity });
      const reads = new RecentReads(others, limit);
      const model = new Map<string, string>();
      const keyOf = (step: { stream: string; group: string }, each: string): string =>
        [step.stream, step.group, each].join();
      for (const step of steps) {
        if ('ids' in step) {
          const ids = step.inOrder ? [...new Set(step.ids)].toSorted(ascending) : [...new Set(step.ids)];
          const messages = ids.map((each, at) => message(each, at !== step.unsampled));
          for (const each of messages) {
            const known = each.unsettled(step.onlySampled);
            if (known !== undefined) model.set(keyOf(step, each.id), known);
          }
          // A server returns the entries of a stream in order.
          reads.add({ ...step, messages: [...messages] }, step.isNew && step.inOrder);
        } else {
          for (const each of step.inOrder ? step.taken.toSorted(ascending) : step.taken) {
            const found = deliveryOf(reads.take(step.stream, step.group, each));
            const expected = model.get(keyOf(step, each));
            model.delete(keyOf(step, each));
            expect(found).toBe(expected);
          }
        }
      }
      if (model.size > 0) expect(reads.isEmpty).toBe(false);
    }),
    { numRuns: Number(process.env['MQTRACE_RUNS'] ?? 1000) },
  );
});

test('entries that are acknowledged in the order of their reads are never moved', () => {
  const others = new UnsettledEntries();
  const reads = new RecentReads(others);
  const one = message('1-1');
  const two = message('1-2');
  const three = message('1-10');
  const four = message('2-0');
  reads.add({ stream: 'orders', group: 'g', messages: [one, two], onlySampled: false }, true);
  reads.add({ stream: 'orders', group: 'g', messages: [three, four], onlySampled: false }, true);
  expect(reads.take('orders', 'g', '1-1')).toBe(one);
  expect(reads.take('orders', 'g', '1-10')).toBe(three);
  expect(reads.take('orders', 'g', '1-2')).toBe(two);
  expect(reads.take('orders', 'g', '2-0')).toBe(four);
  expect(reads.isEmpty).toBe(true);
});

test('the memory of unacknowledged entries is limited: the oldest reads are moved, and keep only texts', () => {
  const others = new UnsettledEntries();
  const reads = new RecentReads(others, { reads: 2, bytes: 5000 });
  const ids = ['1-0', '2-0', '3-0', '4-0'];
  for (const each of ids) {
    const one = message(each);
    reads.add({ stream: 'orders', group: 'g', messages: [one], onlySampled: false }, true);
  }
  const kinds = ids.map((each) => typeof reads.take('orders', 'g', each));
  // Taking the first one moved all others.
  expect(kinds).toStrictEqual(['string', 'string', 'string', 'string']);

  const large = message('5-0', true, 6000);
  reads.add({ stream: 'orders', group: 'g', messages: [large], onlySampled: false }, true);
  expect(typeof reads.take('orders', 'g', '5-0')).toBe('string');
});
