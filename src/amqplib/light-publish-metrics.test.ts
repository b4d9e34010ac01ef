import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOnSampler, NodeTracerProvider, ParentBasedSampler } from '@opentelemetry/sdk-trace-node';
import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { tracingFaults } from '../common/faults.ts';
import { suppressTracing } from '../common/suppression.ts';
import { MetricsReader } from '../metrics/reader.ts';
import { readSeries } from '../metrics/testing/read-series.ts';
import { replaceClocks } from '../../test-support/clock.ts';
import { traceChannel } from './index.ts';

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager()));
afterAll(() => context.disable());
afterEach(() => void vi.restoreAllMocks());

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constantFrom('publish' as const, 'sendToQueue' as const),
      exchange: fc.constantFrom('', 'orders', 7),
      key: fc.constantFrom('a', 'b', undefined),
      options: fc.constantFrom(undefined, {}, { mandatory: true }, { headers: { a: 1 } }, { headers: 'text' }),
      within: fc.constantFrom('unsampled' as const, 'unsampled' as const, 'nothing' as const, 'suppressed' as const),
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

const unsampled = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 0,
});
const contexts = { unsampled, nothing: ROOT_CONTEXT, suppressed: suppressTracing(unsampled) };

/** The slow way creates an unsampled span, of which only the id reaches the client. */
const withoutSpanIds = (args: unknown): string => JSON.stringify(args).replaceAll(/-[\da-f]{16}-/g, '-id-');

/** Publishes with a clock that only the client advances; returns all series, and the calls of the client in unsampled contexts. */
function run(steps: readonly Step[], fastPath: boolean, isConfirming: boolean): object {
  const reader = new MetricsReader('cumulative');
  const tracerProvider = new NodeTracerProvider({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) });
  let ticks = 10_000_000;
  replaceClocks(
    () => ticks,
    () => 1_759_990_000_000 + ticks,
  );
  let fails = false;
  let isKnown = false;
  let last: unknown[] = [];
  const calls: unknown[] = [];
  class Channel extends EventEmitter {
    connection = { serverProperties: {} };
    publish(...args: unknown[]): boolean {
      ticks += 3;
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
  const channel = traceChannel((isConfirming ? new ConfirmChannel() : new Channel()) as never, {
    tracerProvider,
    fastPath,
    propagator: 'mqtrace',
  }) as unknown as Channel;
  channel.on('error', () => {});
  const content = Buffer.from('content');
  for (const [at, each] of steps.entries()) {
    ticks += 17;
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
  const series = readSeries(reader);
  reader.close();
  return { series, calls };
}

test.each([false, true])('publishes without a span have the metrics of others, with confirms %s', (isConfirming) => {
  const faults = tracingFaults();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
      expect(run(steps, true, isConfirming)).toEqual(run(steps, false, isConfirming));
    }),
    { numRuns: 300 },
  );
  expect(tracingFaults()).toBe(faults);
});
