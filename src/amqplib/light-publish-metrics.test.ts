import { context } from '@opentelemetry/api';
import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareMetrics, contexts, type Run, within, withoutSpanIds } from '../../test-support/same-metrics.ts';
import { traceChannel } from './index.ts';

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constantFrom('publish' as const, 'sendToQueue' as const),
      exchange: fc.constantFrom('', 'orders', 7),
      key: fc.constantFrom('a', 'b', undefined),
      options: fc.constantFrom(undefined, {}, { mandatory: true }, { headers: { a: 1 } }, { headers: 'text' }),
      within,
      fails: fc.integer({ min: 0, max: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constantFrom('ack' as const, 'nack' as const, 'return' as const),
      tag: fc.integer({ min: 1, max: 8 }),
      multiple: fc.boolean(),
    }),
  },
  fc.record({ what: fc.constantFrom('close' as const, 'error' as const) }),
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Publishes with a clock that only the client advances; returns the calls of the client in unsampled contexts. */
function run(steps: readonly Step[], { options, clock }: Run, isConfirming: boolean): unknown[] {
  let fails = false;
  let isKnown = false;
  let last: unknown[] = [];
  const calls: unknown[] = [];
  class Channel extends EventEmitter {
    connection = { serverProperties: {} };
    publish(...args: unknown[]): boolean {
      clock.ticks += 3;
      last = args;
      if (isKnown) calls.push(withoutSpanIds(args));
      if (fails) throw new TypeError('not published');
      return true;
    }
    sendToQueue(queue: unknown, ...rest: unknown[]): boolean {
      return this.publish('', queue, ...rest);
    }
    consume(): void {}
    ack(): void {}
    get(): void {}
  }
  class ConfirmChannel extends Channel {
    lwm = 1;
    unconfirmed = [];
    waitForConfirms(): void {}
  }
  const channel = traceChannel(
    (isConfirming ? new ConfirmChannel() : new Channel()) as never,
    options,
  ) as unknown as Channel;
  channel.on('error', () => {});
  const content = Buffer.from('content');
  for (const [at, each] of steps.entries()) {
    clock.ticks += 17;
    if (each.what === 'publish' || each.what === 'sendToQueue') {
      fails = each.fails === 0;
      // Without ids of their own, mandatory publishes to the same queue differ only in their order.
      const key = each.options !== undefined && 'mandatory' in each.options ? `${each.key}${at}` : each.key;
      isKnown = each.within !== 'nothing';
      try {
        context.with(contexts[each.within], () =>
          each.what === 'publish'
            ? channel.publish(each.exchange, key, content, each.options)
            : channel.sendToQueue(key, content, each.options),
        );
      } catch {
        // The series have the error.
      }
    } else if (each.what === 'return') {
      channel.emit('return', {
        fields: { exchange: last[0] ?? '', routingKey: last[1] ?? '', replyText: 'NO_ROUTE' },
        properties: last[3],
      });
    } else if ('tag' in each) channel.emit(each.what, { deliveryTag: each.tag, multiple: each.multiple });
    else if (each.what === 'error') channel.emit('error', new URIError('of the channel'));
    else channel.emit('close');
  }
  return calls;
}

test.each([false, true])(
  'publishes without a span have the metrics of others, with confirms %s',
  async (isConfirming) => {
    const faults = await compareMetrics(fc.array(step, { maxLength: 15 }), 300, (steps, given) =>
      run(steps, given, isConfirming),
    );
    expect(faults).toBe(0);
  },
);
