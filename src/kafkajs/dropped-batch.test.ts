import { context, propagation, type SpanContext, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterAll, expect, test } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { inject } from '../propagation/index.ts';
import { processMessage, traceConsumer } from './index.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const bytes = (text: string): Buffer => Buffer.from(text);
const headersOf = [
  undefined,
  {},
  { traceparent: bytes(`00-${traceId}-b7ad6b7169203331-01`) },
  { traceparent: bytes(`00-${traceId}-b7ad6b7169203331-00`), baggage: bytes('tenant=a') },
  { traceparent: bytes(`00-${traceId}-b7ad6b7169203331-01`), tracestate: bytes('ot=th:8') },
  { TraceParent: `00-${traceId}-b7ad6b7169203331-01`, baggage: [bytes('a=1'), bytes('b=2')] },
  { traceparent: bytes('junk'), baggage: bytes('tenant=a') },
];

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({
  sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
provider.register();
afterAll(() => provider.shutdown());

const contextView = (given: SpanContext | undefined): object | undefined =>
  given && { ...given, traceState: given.traceState?.serialize() };

const view = ({ name, attributes, links, parentSpanContext }: ReadableSpan): object => {
  // Times, and the id of a dropped batch span, differ between runs.
  const { 'mqtrace.message.age': _, ...rest } = attributes;
  const linked = links
    .map((link) => contextView(link.context))
    .filter((link) => link && 'traceId' in link && link.traceId === traceId);
  return { name, rest, parent: contextView(parentSpanContext), linked };
};

/** Processes each message of a batch whose span is certainly dropped; returns what the application sees and what is recorded. */
async function run(
  fastPath: boolean,
  tracerProvider = provider,
): Promise<{ batch: unknown; seen: unknown[]; spans: object[] }> {
  exporter.reset();
  let eachBatch: ((payload: unknown) => Promise<void>) | undefined;
  const consumer = {
    run: (config: { eachBatch: typeof eachBatch }) => ((eachBatch = config.eachBatch), Promise.resolve()),
  };
  traceConsumer(consumer as never, { fastPath, tracerProvider });
  const seen: unknown[] = [];
  let batch: unknown;
  await consumer.run({
    eachBatch: (async ({ batch: { messages } }: { batch: { messages: never[] } }) => {
      const [first, second] = [1, 2].map(() => inject(kafkaHeaders, {}, context.active()));
      // Whatever is sent in the handler has the same parent.
      expect(second).toEqual(first);
      const key = Symbol('key');
      const derived = context.active().setValue(key, 1);
      expect(derived.getValue(key)).toBe(1);
      expect(derived.deleteValue(key).getValue(key)).toBeUndefined();
      batch = trace.getSpanContext(derived);
      expect(first).toMatchObject({ traceparent: expect.stringContaining((batch as SpanContext).spanId) as string });
      for (const message of messages) {
        await processMessage(message, async () => {
          const active = context.active();
          const sent = inject(kafkaHeaders, {}, active);
          seen.push([
            trace.getSpanContext(active)?.traceId === traceId,
            trace.getSpanContext(active)?.traceFlags,
            propagation.getBaggage(active)?.getAllEntries(),
            String(sent['traceparent'])
              .replace(/-[0-9a-f]{16}-/, '-id-')
              .replace(/00-(?!0af)[0-9a-f]{32}/, '00-new'),
            sent['tracestate'],
            sent['baggage'],
          ]);
        });
      }
    }) as never,
  });
  const messages = headersOf.map((headers, at) => ({
    key: null,
    value: bytes('7'),
    offset: `${at}`,
    timestamp: '0',
    headers,
  }));
  await eachBatch!({ batch: { topic: 'orders', partition: 0, messages } });
  return { batch, seen, spans: exporter.getFinishedSpans().map(view) };
}

test('messages of a batch without a span are processed like those that were read before', async () => {
  const [fast, slow] = [await run(true), await run(false)];
  expect(fast.seen).toEqual(slow.seen);
  expect(fast.spans).toEqual(slow.spans);
  // The two sampled messages in the common form, and the one in another spelling.
  expect(fast.spans).toHaveLength(3);
});

test('a handler of such a batch runs in a new trace, which is not sampled', async () => {
  const { batch } = await run(true);
  expect(batch).toMatchObject({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string, traceFlags: 0 });
});

test('a recorded batch links every message that carries a trace', async () => {
  const recording = new NodeTracerProvider({
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  await run(true, recording);
  const batch = exporter.getFinishedSpans().find(({ attributes }) => 'messaging.batch.message_count' in attributes);
  expect(batch?.links.map(({ attributes }) => attributes?.['kafka.offset'])).toEqual([2, 3, 4, 5]);
});
