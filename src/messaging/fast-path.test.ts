import { createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { describe, expect, test } from 'vitest';
import { droppedHeaders, kafkaHeaders } from '../../carriers/index.ts';
import { tracingFaults } from '../common/faults.ts';
import {
  Messaging,
  noOperation,
  type Operation,
  startBatch,
  startProcessing,
  startReceiving,
  startSending,
  startSettling,
  type TraceOptions,
} from './index.ts';
import { readIncoming } from './testing/read-incoming.ts';

const ids = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
const other = '1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331';
const bytes = (text: string): Buffer => Buffer.from(text);

/** Message headers, from simple to unusual ones. */
const messages: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  'no trace': { order: bytes('7') },
  unsampled: { traceparent: bytes(`00-${ids}-00`) },
  sampled: { traceparent: bytes(`00-${ids}-01`) },
  random: { traceparent: bytes(`00-${ids}-03`) },
  'unsampled and random': { traceparent: `00-${ids}-02` },
  baggage: { traceparent: bytes(`00-${ids}-01`), baggage: bytes('tenant=acme,region=eu') },
  'baggage to be encoded': { traceparent: bytes(`00-${ids}-00`), baggage: bytes('tenant=a%20b;p=1, x = y') },
  'baggage alone': { baggage: bytes('tenant=acme') },
  tracestate: { traceparent: bytes(`00-${ids}-01`), tracestate: bytes('ot=th:8,vendor=1') },
  'another spelling': { TraceParent: bytes(`00-${ids}-01`) },
  repeated: { traceparent: [bytes(`00-${other}-00`), bytes(`00-${ids}-01`)] },
  malformed: { traceparent: bytes('00-xyz'), baggage: bytes('=,tenant=acme') },
  'of a later version': { traceparent: bytes(`01-${ids}-01-more`) },
};

const optionSets: Readonly<Record<string, TraceOptions>> = {
  'no options': {},
  link: { parenting: 'link' },
  'trust: link': { trust: 'link' },
  'trust: ignore': { trust: 'ignore' },
  'sampled flag ignored': { trust: { sampled: 'ignore' } },
  'existing context kept': { existingContext: 'keep' },
  'baggage policy': { baggage: { send: { allow: ['tenant'] }, receive: { deny: ['region'] } } },
  'no settle spans': { settleSpans: false },
  'no create spans': { createSpans: false },
  'received messages ignored': { ignoreDestinations: ['ord*'] },
  'sent messages ignored': { ignoreDestinations: (name) => name === 'next', parenting: 'link' },
};

const stock = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
const samplers: Readonly<Record<string, Sampler>> = {
  'parent-based': new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  'all dropped at the root': new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  'all recorded': new AlwaysOnSampler(),
};

/** Ids in the order in which they are requested, so that two runs can be compared. */
class Counting {
  #next = 1;
  generateTraceId = (): string => (this.#next++).toString(16).padStart(32, '0');
  generateSpanId = (): string => (this.#next++).toString(16).padStart(16, '0');
}

const key = createContextKey('of the application');

function viewOf(span: ReadableSpan): object {
  const { name, kind, attributes, links, status, parentSpanContext } = span;
  return { name, kind, attributes, links, status, parent: parentSpanContext, id: span.spanContext() };
}

/** One message in every operation: processed, in a batch, pulled, settled, and forwarded. */
function run(options: TraceOptions, sampler: Sampler, headers: unknown): Record<string, unknown> {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new NodeTracerProvider({
    sampler,
    idGenerator: new Counting(),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const messaging = new Messaging('kafka', 'test', { tracerProvider, ...options });
  const dropped = droppedHeaders();
  const faults = tracingFaults();
  const received = readIncoming(messaging, kafkaHeaders, headers as never, {
    destination: { name: 'orders' },
    attributes: { 'messaging.message.id': '7' },
  });
  const operations: Operation[] = [];
  const started = (operation: Operation): Operation => (operations.push(operation), operation);
  const process = started(startProcessing(messaging, { name: 'process' }, received));
  const context = process.context.setValue(key, 'kept');
  const second = readIncoming(
    messaging,
    kafkaHeaders,
    { traceparent: `00-${other}-01` },
    { attributes: { 'kafka.offset': 8 } },
  );
  started(startBatch(messaging, { name: 'poll', type: 'receive' }, [received, second]));
  started(startReceiving(messaging, { name: 'get' }, received, ROOT_CONTEXT));
  started(startSettling(messaging, { name: 'ack' }, [received], context));
  started(startSettling(messaging, { name: 'ack' }, [received, second], noOperation(ROOT_CONTEXT).context));
  const outgoing = [headers, { order: '8' }].map((each) => ({
    destination: { name: 'next' },
    headers: each as never,
    attributes: { 'messaging.message.id': 'x' },
  }));
  const one = startSending(messaging, kafkaHeaders, { name: 'send' }, outgoing.slice(1), context);
  const two = startSending(messaging, kafkaHeaders, { name: 'send' }, outgoing, context);
  for (const operation of [...operations, one.operation, two.operation]) operation.end();
  const now = droppedHeaders();
  return {
    headers: [one.headers, two.headers],
    spans: exporter.getFinishedSpans().map(viewOf),
    sampledBelow: operations.map((each) => each.span?.spanContext().traceFlags ?? 'none'),
    received: trace.getSpanContext(received.context),
    active: trace.getSpanContext(context)?.traceId,
    baggage: propagation
      .getBaggage(context)
      ?.getAllEntries()
      .map(([name, { value }]) => [name, value]),
    value: context.getValue(key),
    dropped: Object.entries(now).filter(([reason, count]) => count !== dropped[reason as keyof typeof dropped]),
    faults: tracingFaults() - faults,
  };
}

describe.each(Object.keys(optionSets))('with %s', (name) => {
  describe.each(Object.keys(samplers))('%s', (sampled) => {
    test.each(Object.keys(messages))('a message of %s is the same on both paths', (kind) => {
      for (const propagator of ['mqtrace', stock] as const) {
        const [fast, slow] = [true, false].map((fastPath) => {
          const options = { ...optionSets[name], propagator, fastPath };
          const result = run(options, samplers[sampled]!, messages[kind]);
          // The counts since the start of the process differ; the keys show which were incremented.
          result['dropped'] = (result['dropped'] as [string, number][]).map(([reason]) => reason);
          return result;
        });
        expect(withoutRefusedSpans(fast!)).toEqual(withoutRefusedSpans(slow!));
      }
    });
  });
});

/**
 * If the sampler certainly drops the span, the fast path creates none: the received id is propagated instead of a new one.
 * Everything else is the same.
 */
function withoutRefusedSpans(result: Record<string, unknown>): unknown {
  const { sampledBelow, ...rest } = result;
  expect(sampledBelow).toBeDefined();
  return JSON.parse(
    JSON.stringify(rest)
      .replaceAll(/00-([0-9a-f]{32})-[0-9a-f]{16}-0[02]/g, '00-$1-unsampled')
      .replaceAll(/00-0{8}[0-9a-f]{24}-unsampled/g, '00-ours-unsampled')
      .replaceAll(/"spanId":"0{8}[0-9a-f]{8}"/g, '"spanId":"ours"')
      .replaceAll(/"traceId":"0{8}[0-9a-f]{24}"/g, '"traceId":"ours"')
      .replaceAll(/00-0{8}[0-9a-f]{24}-0{8}[0-9a-f]{8}-/g, '00-ours-ours-')
      .replaceAll(/-0{8}[0-9a-f]{8}-/g, '-ours-'),
  );
}
