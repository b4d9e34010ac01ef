import { ROOT_CONTEXT } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { Operation } from '../messaging/index.ts';
import { Deliveries, Delivery } from './deliveries.ts';

const incoming = {
  context: ROOT_CONTEXT,
  creation: undefined,
  destination: undefined,
  attributes: undefined,
  sentAt: undefined,
};
const delivery = (tag: number): Delivery => new Delivery(tag, incoming);
const tags = (found: readonly Delivery[]): number[] => found.map(({ tag }) => tag).toSorted((a, b) => a - b);

describe('deliveries', () => {
  test('are found by tag, up to a tag, and gone once settled', () => {
    const deliveries = new Deliveries();
    for (const tag of [1, 2, 4, 5]) deliveries.add(delivery(tag));
    expect(deliveries.find(4)?.tag).toBe(4);
    expect(deliveries.find(3)).toBeUndefined();
    expect(tags(deliveries.findUpTo(4))).toEqual([1, 2, 4]);
    for (const one of deliveries.findUpTo(4)) deliveries.settle(one);
    expect(deliveries.size).toBe(1);
    expect(tags(deliveries.findUpTo(Number.POSITIVE_INFINITY))).toEqual([5]);
  });

  test('of get() are registered later than those pushed after them, and are still found', () => {
    const deliveries = new Deliveries();
    deliveries.add(delivery(1));
    deliveries.add(delivery(3));
    deliveries.add(delivery(2));
    expect(tags(deliveries.findUpTo(2))).toEqual([1, 2]);
    expect(tags(deliveries.findUpTo(3))).toEqual([1, 2, 3]);
  });

  test('"up to" visits only the deliveries that it settles, for any number of deliveries', () => {
    const deliveries = new Deliveries();
    let looked = 0;
    for (let tag = 1; tag <= 20_000; tag++) {
      const one = delivery(tag);
      deliveries.add(Object.defineProperty(one, 'tag', { get: () => (looked++, tag) }));
    }
    looked = 0;
    deliveries.findUpTo(2);
    expect(looked).toBeLessThanOrEqual(3);
    deliveries.find(19_000);
    expect(looked).toBeLessThanOrEqual(3);
  });

  test('settling ends the operation that waits for it, now or later', () => {
    const [before, after] = [new Operation(ROOT_CONTEXT), new Operation(ROOT_CONTEXT)];
    const early = delivery(1);
    early.settle()?.end();
    early.endWhenSettled(before);
    expect(before.ended).toBe(true);
    const late = delivery(2);
    late.endWhenSettled(after);
    expect(after.ended).toBe(false);
    late.settle()?.end();
    expect(after.ended).toBe(true);
  });
});
