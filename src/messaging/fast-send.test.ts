// Compares the fast path of a send with the slow one: both have the same result for any context, headers, options,
// propagator and sampler.
import {
  type Baggage,
  type Context,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
  type TraceState,
} from '@opentelemetry/api';
import {
  CompositePropagator,
  suppressTracing,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { amqpHeaders, type CarrierAdapter, droppedHeaders, kafkaHeaders, redisFields } from '../../carriers/index.ts';
import { tracingFaults } from '../common/faults.ts';
import { withRandomTraceId } from '../common/random-trace-id.ts';
import { processBaggage } from '../propagation/baggage-manager.ts';
import { W3CTraceState } from '../propagation/trace-state.ts';
import { W3CBaggage } from '../propagation/w3c-baggage.ts';
import { Messaging, type Outgoing, startSending, type TraceOptions } from './index.ts';

/** The time of sending is part of the headers of a pipeline. */
const now = Date.UTC(2026, 0, 2);

beforeEach(() => {
  vi.spyOn(Date, 'now').mockReturnValue(now);
});
afterEach(() => {
  vi.restoreAllMocks();
  processBaggage.clear();
});

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanContext = fc.record<SpanContext>({
  traceId: fc.constantFrom(traceId, traceId, traceId, traceId.toUpperCase(), '0'.repeat(32), 'short'),
  spanId: fc.constantFrom('b7ad6b7169203331', 'b7ad6b7169203331', 'B7AD6B7169203331', '0'.repeat(16)),
  traceFlags: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 0xff),
  isRemote: fc.boolean(),
});
/** Objects that are parsed and counted only once are created again for each run. */
const traceState = fc.constantFrom<(() => unknown) | undefined>(
  undefined,
  undefined,
  () => new W3CTraceState('ot=th:8,vendor=1'),
  () => new W3CTraceState(`mqtrace=1;${(now - 5000).toString(36)};3;shop,ot=th:8`),
  () => ({ serialize: () => fail('trace state'), get: () => undefined }),
  () => new W3CTraceState(Array.from({ length: 30 }, (_, at) => `key${at}=${'v'.repeat(40)}`).join(',')),
);

function fail(what: string): never {
  throw new Error(`${what} of the application`);
}
const entries = fc.dictionary(
  fc.constantFrom('tenant', 'region', 'a b', '1'),
  fc.constantFrom('acme', 'a b', 'ü', ''),
  {
    maxKeys: 3,
  },
);
const baggage: fc.Arbitrary<() => Baggage> = fc.oneof(
  entries.map((each) => {
    const given = Object.fromEntries(Object.entries(each).map(([name, value]) => [name, { value }]));
    return () => propagation.createBaggage(given);
  }),
  fc
    .constantFrom('tenant=acme', 'tenant=a%20b;p=1, x = y', '=,tenant=acme', `long=${'x'.repeat(9000)}`, '')
    .map((text) => () => W3CBaggage.fromHeader(text)),
  fc.constant(() => new Proxy(propagation.createBaggage(), { get: () => () => fail('baggage') })),
);
const context: fc.Arbitrary<() => Context> = fc
  .record({
    span: fc.option(spanContext, { nil: undefined, freq: 8 }),
    traceState,
    baggage: fc.option(baggage, { nil: undefined, freq: 1 }),
    random: fc.boolean(),
    suppressed: fc.constantFrom(false, false, false, false, true),
  })
  .map((given) => () => {
    let made = ROOT_CONTEXT;
    if (given.span !== undefined) {
      const span = Object.assign({}, given.span);
      if (given.traceState !== undefined) span.traceState = given.traceState() as TraceState;
      made = trace.setSpanContext(made, span);
    }
    if (given.baggage !== undefined) made = propagation.setBaggage(made, given.baggage());
    if (given.random) made = withRandomTraceId(made, traceId);
    return given.suppressed ? suppressTracing(made) : made;
  });

const old = `00-1${traceId.slice(1)}-c7ad6b7169203331-01`;
const throwing = Object.defineProperty({}, 'order', {
  enumerable: true,
  get: () => fail('headers'),
});
const headers: readonly unknown[] = [
  undefined,
  null,
  {},
  { order: '7' },
  { traceparent: old, baggage: 'tenant=old', order: Buffer.from('7') },
  { TraceParent: old, Baggage: ['x=1', 'y=2'], tracestate: 'a=1' },
  Object.create({ inherited: '1' }, { own: { value: '2', enumerable: true } }),
  new Map([['traceparent', old]]),
  throwing,
];
const fields: readonly unknown[] = [
  undefined,
  [],
  ['order', '7'],
  ['traceparent', old, 'order', '7', 'traceparent', old, 'baggage', 'a=1'],
  [Buffer.from('order'), Buffer.from('7'), Buffer.from('traceparent'), Buffer.from(old)],
];
for (const each of [...headers, ...fields]) Object.freeze(each);

const formats: readonly [CarrierAdapter<never>, readonly unknown[]][] = [
  [kafkaHeaders as never, headers],
  [amqpHeaders as never, headers],
  [redisFields as never, fields],
];
const optionSets: readonly TraceOptions[] = [
  {},
  {},
  {},
  { existingContext: 'keep' },
  { cloudEvents: true },
  { semconv: 'dup' },
  { pipelines: true },
  { pipelines: { name: 'shop' } },
  { pipelines: { name: (destination) => destination } },
  { pipelines: true, existingContext: 'keep' },
  { createSpans: false },
  { createSpans: false, existingContext: 'keep' },
  { ignoreDestinations: ['inv*'] },
  { newTrace: ['orders'] },
  { ignoreDestinations: ['orders'], createSpans: false },
  { baggage: (destination) => (destination === 'orders' ? { send: { allow: ['tenant'] } } : undefined) },
];
const stock = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
const traceAlone = new CompositePropagator({ propagators: [new W3CTraceContextPropagator()] });

/** Decides independently of the parent, and differently for each span. */
function alternating(): Sampler {
  let count = 0;
  return {
    shouldSample: () => ({
      decision: ++count % 2 === 0 ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
      attributes: { count },
    }),
    toString: () => 'alternating',
  };
}
const samplers: readonly (() => Sampler)[] = [
  () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  () => new AlwaysOnSampler(),
  alternating,
];

interface Scenario {
  readonly context: () => Context;
  readonly format: number;
  readonly messages: readonly { at: number; destination: string; key: string | undefined; readOnly: boolean }[];
  readonly options: TraceOptions;
  readonly propagator: 'mqtrace' | CompositePropagator;
  readonly sampler: () => Sampler;
  readonly process: boolean;
}

function play(given: Scenario, fastPath: boolean): unknown {
  processBaggage.clear();
  if (given.process) processBaggage.set('region', 'eu');
  let ids = 0;
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new NodeTracerProvider({
    sampler: given.sampler(),
    idGenerator: {
      generateTraceId: () => (++ids).toString(16).padStart(32, '0'),
      generateSpanId: () => (++ids).toString(16).padStart(16, '0'),
    },
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const { propagator } = given;
  const messaging = new Messaging('kafka', 'test', { tracerProvider, propagator, ...given.options, fastPath });
  const [adapter, choices] = formats[given.format]!;
  const messages = given.messages.map(({ at, destination, key, readOnly }): Outgoing<never> => ({
    destination: { name: destination },
    headers: choices[at % choices.length] as never,
    attributes: { 'kafka.message.key': key },
    readOnlyHeaders: readOnly,
  }));
  const before = droppedHeaders();
  const faults = tracingFaults();
  const description = { name: 'send', attributes: { 'server.address': 'host' } };
  const active = given.context();
  const sending = startSending(messaging, adapter, description, messages, active);
  sending.operation.end();
  const after = droppedHeaders();
  const newFaults = tracingFaults() - faults;
  const passedOn = messaging.passedOn(active);
  const alone =
    passedOn === undefined
      ? sending.headers
      : messages.map((each) => (each.readOnlyHeaders ? undefined : passedOn.write(adapter, each.headers)));
  return {
    headers: sending.headers.map(orderedEntries),
    alone: alone.map(orderedEntries),
    trace: trace.getSpanContext(sending.operation.context)?.traceId,
    spans: exporter.getFinishedSpans().map((span) => {
      const { name, kind, attributes, links, parentSpanContext } = span;
      return { name, kind, links, parentSpanContext, attributes: Object.entries(attributes), id: span.spanContext() };
    }),
    dropped: Object.entries(after).map(([reason, count]) => [reason, count - before[reason as keyof typeof before]]),
    faults: newFaults,
  };
}

/** Includes the order of the headers, which is that of the sent message. */
function orderedEntries(carried: unknown): unknown {
  if (typeof carried !== 'object' || carried === null || Array.isArray(carried)) return carried;
  return carried instanceof Map ? carried : Object.entries(carried);
}

/**
 * If the span is certainly unsampled, the fast path creates none: the received ids are propagated instead of new
 * ones.
 */
function withoutRefusedSpans(result: unknown): unknown {
  const text = JSON.stringify(result, (_, value: unknown) => (value === undefined ? 'undefined' : value));
  return JSON.parse(
    text
      .replaceAll(/00-([0-9a-f]{32})-[0-9a-f]{16}-0[02]/gi, '00-$1-unsampled')
      .replaceAll(/"(?:spanId|traceId)":"0{8}[0-9a-f]+"/g, '"id":"ours"')
      .replaceAll(/00-0{8}[0-9a-f]{24}-0{8}[0-9a-f]{8}-/g, '00-ours-ours-')
      .replaceAll(/-0{8}[0-9a-f]{8}-/g, '-ours-'),
  );
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  context,
  format: fc.nat(formats.length - 1),
  messages: fc.array(
    fc.record({
      at: fc.nat(20),
      destination: fc.constantFrom('orders', 'orders', 'invoices'),
      key: fc.constantFrom('a', 'b', undefined),
      readOnly: fc.constantFrom(false, false, false, true),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  options: fc.constantFrom(...optionSets),
  propagator: fc.constantFrom<'mqtrace' | CompositePropagator>('mqtrace', 'mqtrace', stock, stock, traceAlone),
  sampler: fc.constantFrom(...samplers),
  process: fc.constantFrom(false, false, false, true),
});

test('a send has the same result on both paths', () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const [fast, slow] = [play(given, true), play(given, false)];
      expect(withoutRefusedSpans(fast)).toEqual(withoutRefusedSpans(slow));
    }),
    { numRuns: Number(process.env['MQTRACE_RUNS'] ?? 1000) },
  );
});

test('a send of a pipeline without a span is passed on without an operation', () => {
  const context = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: 'b7ad6b7169203331', traceFlags: 0 });
  const tracerProvider = new NodeTracerProvider({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) });
  const messaging = new Messaging('kafka', 'test', {
    tracerProvider,
    propagator: 'mqtrace',
    pipelines: { name: 'shop' },
  });
  expect(messaging.passedOn(context)?.write(kafkaHeaders, undefined)).toEqual({
    traceparent: `00-${traceId}-b7ad6b7169203331-00`,
    tracestate: `mqtrace=1;${now.toString(36)};1;shop`,
  });
});
