import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { Messaging, Operation } from '../messaging/index.ts';
import { Deliveries, Delivery } from './deliveries.ts';
import { LightDeliveries } from './light-deliveries.ts';
import type { Place } from './place.ts';
import { Unsettled } from './unsettled.ts';

const recorded = recordRegisteredSpans();
const tracer = recorded.tracerProvider.getTracer('test');
const messaging = new Messaging('rabbitmq', 'test', {});
const place = { queue: 'q', state: { messaging }, routingKey: '', exchange: '', destination: undefined, changes: 0 };
const delivery = (tag: number): Delivery => new Delivery(tag, place as unknown as Place, undefined);
const tags = (deliveries: Deliveries, tag: number): number[] =>
  [...new Unsettled(deliveries, new LightDeliveries(), tag)].map((one) => one.tag);

describe('deliveries', () => {
  test('are found by tag, up to a tag, and gone once settled', () => {
    const deliveries = new Deliveries();
    for (const tag of [1, 2, 4, 5]) deliveries.add(delivery(tag));
    expect(deliveries.find(4)?.tag).toBe(4);
    expect(deliveries.find(3)).toBeUndefined();
    expect(tags(deliveries, 4)).toEqual([1, 2, 4]);
    deliveries.settle(deliveries.find(2)!);
    expect(tags(deliveries, 4)).toEqual([1, 4]);
    expect(deliveries.settleUpTo(4).mostOperations).toBeGreaterThanOrEqual(2);
    expect(deliveries.size).toBe(1);
    expect(tags(deliveries, Number.POSITIVE_INFINITY)).toEqual([5]);
    expect(deliveries.highest).toBe(5);
  });

  test('of get() are registered later than those pushed after them, and are still found', () => {
    const deliveries = new Deliveries();
    deliveries.add(delivery(1));
    deliveries.add(delivery(3));
    deliveries.add(delivery(2));
    expect(tags(deliveries, 2)).toEqual([1, 2]);
    expect(tags(deliveries, 3)).toEqual([1, 2, 3]);
  });

  test('"up to" visits none of the deliveries, for any number of them', () => {
    const deliveries = new Deliveries();
    let visited = 0;
    for (let tag = 1; tag <= 20_000; tag++) {
      const one = delivery(tag);
      const visit = (): undefined => void visited++;
      deliveries.add(one);
      for (const name of ['tag', 'creation', 'settle', 'place']) Object.defineProperty(one, name, { get: visit });
    }
    expect(new Unsettled(deliveries, new LightDeliveries(), 19_000).size).toBe(19_000);
    deliveries.find(19_000);
    deliveries.settleUpTo(19_000);
    expect(deliveries.size).toBe(1000);
    expect(visited).toBe(0);
  });

  test('settling ends the operation that waits for it, now or later', () => {
    const start = (): Operation => {
      const span = tracer.startSpan('process');
      return new Operation(trace.setSpan(ROOT_CONTEXT, span), span, messaging);
    };
    const deliveries = new Deliveries();
    const [before, after, measured] = [start(), start(), new Operation(ROOT_CONTEXT, [tracer.startSpan('list')])];
    const [early, late, last] = [delivery(1), delivery(2), delivery(3)];
    for (const one of [early, late, last]) deliveries.add(one);
    deliveries.settle(early)?.end();
    deliveries.endWhenSettled(early, before);
    expect(before.ended).toBe(true);
    deliveries.endWhenSettled(late, after);
    deliveries.endWhenSettled(last, measured);
    expect(after.span!.isRecording()).toBe(true);
    const settled = [...deliveries.settleUpTo(3)];
    for (const operation of settled) operation.end();
    expect(settled).toHaveLength(2);
    expect(after.span!.isRecording()).toBe(false);
    expect(measured.ended).toBe(true);
  });
});

test('the messages of a settlement are in the order of their tags, with and without a span', () => {
  const tag = fc.nat(1500);
  fc.assert(
    fc.property(
      fc.uniqueArray(tag, { maxLength: 60 }),
      fc.uniqueArray(tag, { maxLength: 60 }),
      tag,
      (some, others, upTo) => {
        const deliveries = new Deliveries();
        const light = new LightDeliveries();
        for (const one of some) deliveries.add(delivery(one));
        const unsampled = others.filter((one) => !some.includes(one));
        for (const one of unsampled) {
          const creation = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 0 };
          const headers = { traceparent: `00-${creation.traceId}-${creation.spanId}-00` };
          const fields = { deliveryTag: one, exchange: '', routingKey: '', redelivered: false };
          expect(light.push({ fields, properties: { headers } }, creation, place as unknown as Place)).toBe(true);
        }
        const found = new Unsettled(deliveries, light, upTo);
        const expected = [...some, ...unsampled].filter((one) => one <= upTo).toSorted((one, other) => one - other);
        deliveries.settleUpTo(upTo);
        light.deleteUpTo(upTo);
        expect([...found].map((one) => one.tag)).toEqual(expected);
        expect(found.size).toBe(expected.length);
        expect([...new Unsettled(deliveries, light, upTo)]).toEqual([]);
      },
    ),
  );
});
