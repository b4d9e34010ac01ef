// Compares sends whose create spans are one series with sends that start and end each of them, and with spans of the SDK: the same
// spans, headers, sampling decisions, counters and faults for any messages, context, options, sampler and processor.
import { type Attributes, type Context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { type Sampler, type SpanLimits, TracerProvider } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { decodeRequest } from '../../test-support/otlp-schema.ts';
import { kafkaHeaders, type KafkaHeaders } from '../../carriers/index.ts';
import { tracingFaults } from '../common/faults.ts';
import { BufferPool } from '../export/buffer-pool.ts';
import { LightSeries } from '../export/light-series.ts';
import { OpenBatch } from '../export/open-batch.ts';
import { Messaging, type Outgoing, startSending, type TraceOptions } from '../messaging/index.ts';
import { mqtracePropagator } from '../propagation/propagator.ts';
import { tolerateProblems } from '../../test-support/conventions/watch.ts';
import { useLightSpans } from './light-spans.ts';

beforeEach(() => {
  vi.spyOn(Date, 'now').mockReturnValue(1_700_000_000_123);
  vi.spyOn(performance, 'now').mockReturnValue(1000.5);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const { resource } = new TracerProvider().getTracer('any').startSpan('any') as unknown as { resource: never };
const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const state = (text: string): TraceState => new TraceState(text);
const parents: readonly (() => Context)[] = [
  { traceId, spanId, traceFlags: 1 },
  { traceId, spanId, traceFlags: 3, isRemote: true },
  { traceId, spanId, traceFlags: 0 },
  { traceId, spanId, traceFlags: 1, traceState: state('p=1') },
  { traceId: traceId.toUpperCase(), spanId, traceFlags: 1 },
  { traceId: '0'.repeat(32), spanId, traceFlags: 1 },
  undefined,
].map((spanContext) => () => {
  const context = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ tenant: { value: 'acme' } }));
  return spanContext === undefined ? context : trace.setSpanContext(context, Object.assign({}, spanContext));
});

/** One answer of a sampler. */
interface Answer {
  readonly decision: 0 | 1 | 2;
  readonly attributes?: Attributes;
  readonly traceState?: TraceState;
}
const shared: Attributes = { 'sampler.rule': 'all' };
const usual: Answer = { decision: 2 };
const answers: readonly (Answer | 'throws')[] = [
  { decision: 2, attributes: shared },
  { decision: 2, attributes: { 'sampler.rule': 'all' } },
  { decision: 2, attributes: { 'kafka.message.key': 'sampler', 'messaging.system': 'sampler' } },
  { decision: 2, attributes: { list: [1, 2], none: undefined } },
  { decision: 2, traceState: state('s=1') },
  { decision: 1 },
  { decision: 0 },
  { decision: 0, traceState: state('s=1') },
  'throws',
];

const old = `00-1${traceId.slice(1)}-c7ad6b7169203331-01`;
const headers: readonly unknown[] = [undefined, { own: '7' }, { traceparent: old, baggage: 'a=1' }, new Map()];
for (const each of headers) Object.freeze(each);
const optionSets: readonly TraceOptions[] = [
  {},
  {},
  {},
  { semconv: 'dup' },
  { semconv: '1.30' },
  { baggage: { send: { spanAttributes: ['tenant'] } } },
  { baggage: { send: { allow: ['tenant'] } } },
  { existingContext: 'keep' },
  { pipelines: { name: 'shop' } },
  { cloudEvents: true },
  { newTrace: ['orders'] },
  { ignoreDestinations: ['inv*'] },
  { peerService: 'broker' },
];

const own: fc.Arbitrary<Attributes | undefined> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ 'kafka.message.key': fc.string({ maxLength: 40 }) }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Attributes | undefined>(
      undefined,
      {},
      { 'kafka.message.key': undefined },
      { 'kafka.message.key': 'k', 'kafka.message.tombstone': true, 'messaging.destination.partition.id': '3' },
      { 'messaging.system': 'own' },
      { list: ['a', 'b'], number: 1.5 },
      { 1: 'one', mixed: [1, 'a'] as never },
    ),
  },
);

interface Scenario {
  readonly messages: readonly { own: Attributes | undefined; destination: string; at: number; readOnly: boolean }[];
  readonly parent: number;
  readonly answers: readonly (Answer | 'throws')[];
  readonly readsOnly: boolean;
  readonly ignoresAttributes: boolean;
  readonly limits: SpanLimits;
  readonly options: TraceOptions;
  readonly propagator: 'mqtrace' | 'foreign';
  /** The call of the processor that throws. */
  readonly fault: { readonly of: 'onStart' | 'onEnd'; readonly at: number } | undefined;
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  messages: fc.array(
    fc.record({
      own,
      destination: fc.constantFrom('orders', 'orders', 'orders', 'orders', 'invoices'),
      at: fc.constantFrom(0, 0, 0, 1, 2, 3),
      readOnly: fc.constantFrom(false, false, false, true),
    }),
    { minLength: 2, maxLength: 40, size: 'max' },
  ),
  parent: fc.oneof(fc.constant(0), fc.nat(parents.length - 1)),
  answers: fc.array(fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, fc.constantFrom(...answers)), {
    minLength: 1,
    maxLength: 6,
  }),
  readsOnly: fc.constantFrom(true, true, true, false),
  ignoresAttributes: fc.constantFrom(true, true, true, false),
  limits: fc.constantFrom<SpanLimits>({}, {}, { attributeCountLimit: 8 }, { attributeValueLengthLimit: 6 }),
  options: fc.constantFrom(...optionSets),
  propagator: fc.constantFrom<'mqtrace' | 'foreign'>('mqtrace', 'mqtrace', 'mqtrace', 'foreign'),
  fault: fc.option(fc.record({ of: fc.constantFrom('onStart', 'onEnd'), at: fc.integer({ min: 1, max: 30 }) }), {
    nil: undefined,
    freq: 1,
  }),
});

/** How the create spans are made. */
type Way = 'series' | 'each' | 'sdk';

function play(given: Scenario, way: Way): unknown {
  const seen: unknown[] = [];
  const batch = new OpenBatch();
  let ids = 0;
  const idGenerator = {
    generateSpanId: () => (++ids).toString(16).padStart(16, '0'),
    generateTraceId: () => (++ids).toString(16).padStart(32, '0'),
  };
  let asked = 0;
  const sampler = {
    readsOnly: given.readsOnly,
    ignoresAttributes: given.readsOnly && given.ignoresAttributes,
    shouldSample(...[context, trace_, name, kind]: Parameters<Sampler['shouldSample']>) {
      seen.push(['sampler', trace.getSpanContext(context)?.spanId, trace_, name, kind]);
      const answer = given.answers[asked++ % given.answers.length]!;
      if (answer === 'throws') throw new Error('no decision');
      return answer as never;
    },
    toString: () => 'scripted',
  };
  const calls = { onStart: 0, onEnd: 0 };
  const count = (name: 'onStart' | 'onEnd'): void => {
    if (++calls[name] === given.fault?.at && given.fault.of === name) throw new Error(`fault of ${name}`);
  };
  const processor = {
    keepsNoSpans: way === 'series',
    onStart: () => count('onStart'),
    onEnd(span: Parameters<OpenBatch['add']>[0]) {
      batch.add(span);
      // For a second destination.
      batch.add(span);
      count('onEnd');
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const parts = { resource, sampler, idGenerator, spanLimits: given.limits, spanProcessors: [processor] };
  const provider = new TracerProvider(parts);
  if (way !== 'sdk') {
    useLightSpans(provider, { ...parts, Provider: TracerProvider, processor });
    // The probes of light spans.
    ids = 0;
    asked = 0;
  }
  const propagator =
    given.propagator === 'mqtrace'
      ? 'mqtrace'
      : {
          inject(...[context, carrier, setter]: Parameters<typeof mqtracePropagator.inject>) {
            seen.push(['inject', trace.getSpan(context)?.isRecording()]);
            mqtracePropagator.inject(context, carrier, setter);
          },
          extract: mqtracePropagator.extract.bind(mqtracePropagator),
          fields: () => mqtracePropagator.fields(),
        };
  const options = { ...given.options, tracerProvider: provider, propagator, fastPath: way !== 'sdk' } as TraceOptions;
  // A foreign propagator turns pipelines off, with a warning.
  if (given.propagator === 'foreign') delete options.pipelines;
  const messaging = new Messaging('kafka', 'test', options);
  const messages = given.messages.map((message): Outgoing<KafkaHeaders> => ({
    destination: { name: message.destination },
    headers: headers[message.at] as never,
    attributes: message.own,
    readOnlyHeaders: message.readOnly,
  }));
  seen.length = 0;
  const faults = tracingFaults();
  const description = { name: 'send', attributes: { 'server.address': 'host' } };
  const sending = startSending(messaging, kafkaHeaders, description, messages, parents[given.parent]!());
  sending.operation.end();
  const isOpen = batch.spans > 0;
  const request = isOpen ? batch.close(new BufferPool()) : undefined;
  return {
    seen,
    headers: sending.headers.map((each) => each && Object.entries(each)),
    spans: request && withoutOrder(decodeRequest(request.buffer.subarray(0, request.length))),
    faults: tracingFaults() - faults,
    calls,
    ids,
  };
}

/** The attributes of the sampler are set after the other attributes, but come before them on a prepared light span. */
function withoutOrder(decoded: unknown): unknown {
  if (typeof decoded !== 'object' || decoded === null || ArrayBuffer.isView(decoded)) return decoded;
  if (Array.isArray(decoded)) return decoded.map(withoutOrder);
  return Object.fromEntries(
    Object.entries(decoded).map(([name, value]) => [
      name,
      name === 'attributes' && Array.isArray(value) ? new Set(value) : withoutOrder(value),
    ]),
  );
}

test('a series of create spans has the same result as spans that are started and ended', () => {
  // Limits, samplers and attributes of the scenarios.
  tolerateProblems(/^(create|send)\b/);
  const added = vi.spyOn(LightSeries.prototype, 'add');
  fc.assert(
    fc.property(scenario, (given) => {
      const series = play(given, 'series');
      expect(series).toEqual(play(given, 'each'));
      // Without a hint about the sampler, the SDK's way has the same spans.
      expect(series).toEqual(play(given, 'sdk'));
    }),
    { numRuns: Number(process.env['MQTRACE_RUNS'] ?? 150) },
  );
  expect(added.mock.calls.length).toBeGreaterThan(300);
});

test('the spans of a series have one time, which is renewed for very many', () => {
  vi.restoreAllMocks();
  let now = 1_700_000_000_000;
  vi.spyOn(Date, 'now').mockImplementation(() => now++);
  const given = {
    messages: Array.from({ length: 300 }, () => ({ own: undefined, destination: 'orders', at: 0, readOnly: false })),
    parent: 0,
    answers: [usual],
    readsOnly: true,
    ignoresAttributes: true,
    limits: {},
    options: {},
    propagator: 'mqtrace',
    fault: undefined,
  } as const;
  const { spans } = play(given, 'series') as { spans: unknown };
  const times = [...JSON.stringify(spans).matchAll(/"name":"create orders".*?"startTimeUnixNano":"?(\d+)/g)];
  expect(new Set(times.map(([, time]) => time)).size).toBe(3);
});
