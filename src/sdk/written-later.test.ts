// Tests that the spans of many operations that end at once are written later with a provider of the application, and none is lost.
import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  NodeTracerProvider,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { expect, test, vi } from 'vitest';
import type { ReceivedSpan } from '../../test-support/otlp-decode.ts';
import { MqtraceSpanProcessor } from '../export/mqtrace-span-processor.ts';
import { endAll, failureOf, Messaging, type Operation, startOperation } from '../messaging/index.ts';
import { cleanUpAfterEach, receiver } from './testing/fixture.ts';

cleanUpAfterEach();

const count = 300;

function started(messaging: Messaging): Operation[] {
  return Array.from({ length: count }, (_, at) =>
    startOperation(
      messaging,
      { name: 'publish', type: 'send', destination: { name: 'orders' }, own: { 'messaging.message.id': String(at) } },
      { kind: SpanKind.PRODUCER, parent: ROOT_CONTEXT },
    ),
  );
}

/** Moves the monotonic clock, as if this time had passed. */
function clock(): { move(ms: number): void } {
  const real = performance.now.bind(performance);
  let shift = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => real() + shift);
  return {
    move(ms) {
      shift += ms;
    },
  };
}

const seconds = (from: bigint, to: bigint): number => Number(to - from) / 1e9;

test.each<[string, (exporting: MqtraceSpanProcessor, provider: NodeTracerProvider) => Promise<unknown>]>([
  ['forceFlush() of the provider', (_, provider) => provider.forceFlush()],
  ['flush() of the processor', (exporting) => exporting.flush()],
  ['shutdown() of the provider', (_, provider) => provider.shutdown()],
  ['stats() after the event loop has turned', (exporting) => vi.waitFor(() => expectEnded(exporting, count))],
])('%s has the spans of all operations, with the time at which these ended', async (_, write) => {
  const collector = await receiver();
  const exporting = new MqtraceSpanProcessor({ endpoint: collector.url });
  const provider = new NodeTracerProvider({ spanProcessors: [exporting] });
  const messaging = new Messaging('rabbitmq', 'test', { tracerProvider: provider });
  const time = clock();
  const operations = started(messaging);
  time.move(1000);
  endAll(messaging, operations, count);
  expectEnded(exporting, 0);
  time.move(60_000);
  await write(exporting, provider);
  await provider.shutdown();
  expect(exporting.stats()).toMatchObject([{ ended: count }]);
  for (const { startTimeUnixNano: start, endTimeUnixNano: end } of collector.spans) {
    expect(Math.floor(seconds(start, end))).toBe(1);
  }
  const ids = collector.spans.map(({ attributes }) => Number(attributes['messaging.message.id']));
  expect(ids).toEqual([...ids].toSorted((one, other) => one - other));
});

function expectEnded(exporting: MqtraceSpanProcessor, ended: number): void {
  expect(exporting.stats()).toMatchObject([{ ended }]);
}

/** The exported spans of operations that all fail with the same error. */
async function failed(fastPath: boolean): Promise<readonly ReceivedSpan[]> {
  const collector = await receiver();
  const exporting = new MqtraceSpanProcessor({ endpoint: collector.url });
  const provider = new NodeTracerProvider({ spanProcessors: [exporting] });
  const messaging = new Messaging('rabbitmq', 'test', { tracerProvider: provider, fastPath });
  const operations = started(messaging);
  operations[7]!.end();
  const error = Object.assign(new Error('PRECONDITION_FAILED'), { code: 406 });
  endAll(messaging, operations, count, true, failureOf(error));
  expectEnded(exporting, fastPath ? 1 : count);
  // A later end changes nothing.
  for (const operation of operations) operation.end();
  await provider.shutdown();
  return collector.spans;
}

test('operations that fail have the same spans as if each was written at once, with the event at their end', async () => {
  const described = (spans: readonly ReceivedSpan[]): unknown[] =>
    spans.map(({ name, attributes, status, events }) => ({
      name,
      attributes,
      status,
      events: events.map((event) => [event.name, event.attributes['exception.message']]),
    }));
  const [later, atOnce] = [await failed(true), await failed(false)];
  expect(described(later)).toEqual(described(atOnce));
  expect(later).toHaveLength(count);
  for (const { events, endTimeUnixNano } of later)
    for (const event of events) expect(event.timeUnixNano).toBe(endTimeUnixNano);
  expect(later.filter(({ attributes }) => attributes['error.type'] === '406')).toHaveLength(count - 1);
});

test.each<[string, (mqtrace: MqtraceSpanProcessor, sdk: SpanProcessor) => SpanProcessor[], number]>([
  ['after another processor, which could lose them, spans are written at once', (own, sdk) => [sdk, own], count],
  ['before another processor, spans are written later', (own, sdk) => [own, sdk], 0],
])('%s', async (_, order, atOnce) => {
  const collector = await receiver();
  const exporting = new MqtraceSpanProcessor({ endpoint: collector.url });
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: order(exporting, new BatchSpanProcessor(exporter)) });
  const messaging = new Messaging('rabbitmq', 'test', { tracerProvider: provider });
  endAll(messaging, started(messaging), count);
  expectEnded(exporting, atOnce);
  await provider.forceFlush();
  expect(exporter.getFinishedSpans()).toHaveLength(count);
  await provider.shutdown();
  expect(collector.spans).toHaveLength(count);
});
