import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tracingFaults } from '../common/faults.ts';
import { Deliveries } from './deliveries.ts';
import { processMessage, traceChannel } from './index.ts';
import { LightDeliveries } from './light-deliveries.ts';
import type { Place } from './place.ts';
import type { MessageLike } from './types.ts';
import { Unsettled } from './unsettled.ts';

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager()));
afterAll(() => context.disable());

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanIdOf = (tag: number): string => tag.toString(16).padStart(16, '0');
const traceparent = (tag: number, flags: string): string => `00-${traceId}-${spanIdOf(tag)}-${flags}`;

type Step =
  | { what: 'deliver'; kind: number; next: 'nothing' | 'ack' | 'process' }
  | { what: 'ack' | 'nack' | 'reject' | 'all up to' | 'process'; at: number; under: boolean }
  | { what: 'ack all' | 'recover' };

const at = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('deliver' as const),
      kind: fc.nat(6),
      next: fc.constantFrom('nothing' as const, 'ack' as const, 'process' as const),
    }),
  },
  fc.record({
    what: fc.constantFrom('ack' as const, 'nack' as const, 'reject' as const, 'all up to' as const, 'process' as const),
    at,
    under: fc.boolean(),
  }),
  fc.record({ what: fc.constantFrom('ack all' as const, 'recover' as const) }),
);

function messageOf(tag: number, kind: number): MessageLike {
  const headers = [
    { traceparent: traceparent(tag, '00') },
    { traceparent: traceparent(tag, '02'), baggage: 'tenant=a' },
    { traceparent: traceparent(tag, '01') },
    { traceparent: traceparent(tag, '00'), tracestate: 'a=1' },
    { traceparent: Buffer.from(traceparent(tag, '00')) },
    undefined,
    { TraceParent: traceparent(tag, '00') },
  ][kind];
  return {
    fields: {
      deliveryTag: tag,
      redelivered: false,
      exchange: tag % 5 === 0 ? 'x' : '',
      routingKey: tag % 3 === 0 ? 'k' : 'q',
    },
    properties: { headers, messageId: tag % 7 === 0 ? `m${tag}` : undefined },
  };
}

/** Runs the steps on a traced stub; returns the recorded spans, the active contexts, and the calls of the client. */
async function run(steps: readonly Step[], fastPath: boolean, root: 'on' | 'off'): Promise<object> {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new NodeTracerProvider({
    sampler: new ParentBasedSampler({ root: root === 'on' ? new AlwaysOnSampler() : new AlwaysOffSampler() }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  let deliver: (message: unknown) => void = () => {};
  const calls: unknown[] = [];
  const note =
    (name: string) =>
    (message?: MessageLike, all?: boolean): void =>
      void calls.push([name, message?.fields.deliveryTag, all]);
  const channel = traceChannel(
    {
      connection: { serverProperties: {} },
      consume: async (_queue: string, handler: typeof deliver) => ((deliver = handler), { consumerTag: 'c' }),
      ack: note('ack'),
      nack: note('nack'),
      reject: note('reject'),
      ackAll: note('ackAll'),
      nackAll: note('nackAll'),
      get() {},
      publish: () => true,
      sendToQueue: () => true,
      recover: note('recover'),
      on() {},
      once() {},
      close() {},
    } as never,
    { tracerProvider, fastPath, propagator: 'mqtrace' },
  ) as unknown as Record<'ack' | 'nack' | 'reject' | 'ackAll' | 'recover', (...args: unknown[]) => void> & {
    consume(queue: string, handler: (message: MessageLike) => unknown): Promise<unknown>;
  };
  const seen: unknown[] = [];
  const look = (): void => {
    const active = context.active();
    seen.push([trace.getSpanContext(active)?.traceId === traceId, propagation.getBaggage(active)?.getAllEntries()]);
  };
  const above = tracerProvider.getTracer('app').startSpan('above');
  const under = (is: boolean, fn: () => void): void =>
    is ? context.with(trace.setSpan(context.active(), above), fn) : fn();
  let next: 'nothing' | 'ack' | 'process' = 'nothing';
  await channel.consume('q', (message) => {
    look();
    if (next === 'ack') channel.ack(message);
    if (next === 'process') processMessage(message, look);
  });
  const messages: MessageLike[] = [];
  for (const each of steps) {
    if (each.what === 'deliver') {
      ({ next } = each);
      messages.push(messageOf(messages.length + 1, each.kind));
      deliver(messages.at(-1));
    } else if ('at' in each) {
      const message = messages[each.at];
      if (message === undefined) continue;
      under(each.under, () => {
        if (each.what === 'process') processMessage(message, look);
        else if (each.what === 'all up to') channel.ack(message, true);
        else channel[each.what](message);
      });
    } else if (each.what === 'ack all') channel.ackAll();
    else channel.recover();
  }
  above.end();
  return { calls, seen, spans: exporter.getFinishedSpans().map(view) };
}

function view({ name, attributes, links, parentSpanContext, kind }: ReadableSpan): object {
  const ids = links.map((link) => [
    link.context.spanId.startsWith('00000000') ? link.context.spanId : 'new',
    link.attributes,
  ]);
  return {
    name,
    kind,
    attributes,
    below: parentSpanContext?.traceId === traceId,
    root: parentSpanContext === undefined,
    ids,
  };
}

test.each(['on', 'off'] as const)('light deliveries give the spans of others, with roots %s', async (root) => {
  const faults = tracingFaults();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      expect(await run(steps, true, root)).toEqual(await run(steps, false, root));
    }),
    { numRuns: 300 },
  );
  expect(tracingFaults()).toBe(faults);
});

test('are removed when settled, for any number and order', () => {
  const light = new LightDeliveries();
  const place = { queue: 'q', routingKey: '', exchange: '', destination: undefined, changes: 0 };
  const creation = { traceId, spanId: spanIdOf(1), traceFlags: 0, isRemote: true };
  const push = (tag: number): boolean =>
    light.push(messageOf(tag, 0), { ...creation, spanId: spanIdOf(tag) }, place as unknown as Place);
  const upTo = (tag: number): number[] => [...new Unsettled(new Deliveries(), light, tag)].map((one) => one.tag);
  for (let tag = 1; tag <= 2000; tag++) if (tag % 7 !== 0) expect(push(tag)).toBe(true);
  expect(push(7)).toBe(false);
  for (let tag = 1; tag <= 900; tag += 2) light.delete(tag);
  expect(light.has(2)).toBe(true);
  expect(light.has(3)).toBe(false);
  expect(upTo(10)).toEqual([2, 4, 6, 8, 10]);
  expect(light.find(10)?.creation).toEqual({ ...creation, spanId: spanIdOf(10) });
  light.deleteUpTo(1001);
  expect(upTo(1003)).toEqual([1002, 1003]);
  light.clear();
  expect(light.size).toBe(0);
  expect(upTo(Number.POSITIVE_INFINITY)).toEqual([]);
});
