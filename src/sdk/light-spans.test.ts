// Compares light spans with the SDK's: any sequence of calls, with any limits, sampler and processors, has the same result.
import {
  type Context,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { type ReadableSpan, type Span as SdkSpan, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { decodeRequest } from '../../test-support/otlp-schema.ts';
import { offersLightTracer, type OffersLightTracer } from '../common/offered-tracer.ts';
import { PreparedSpan, preparedTracer } from '../common/prepared-span.ts';
import { ProtobufWriter } from '../common/protobuf-writer.ts';
import { BufferPool } from '../export/buffer-pool.ts';
import { type LightSampler, LightTracer } from '../export/light-tracer.ts';
import { OpenBatch } from '../export/open-batch.ts';
import { lightTracerFor } from '../export/stock-tracer.ts';
import { writeAnySpan, writeSpan } from '../export/otlp-encoder.ts';
import { randomIds } from '../export/random-ids.ts';
import { recordedAndSampled } from '../config/sampling-decision.ts';
import { useLightSpans } from './light-spans.ts';
import { clocks, type Scenario, scenario } from './testing/arbitrary-calls.ts';

const resource = new TracerProvider().getTracer('any').startSpan('any', {}, ROOT_CONTEXT) as unknown as ReadableSpan;

beforeEach(() => {
  vi.spyOn(Date, 'now').mockImplementation(() => clocks.wall);
  vi.spyOn(performance, 'now').mockImplementation(() => clocks.ticks);
});
afterEach(() => {
  vi.restoreAllMocks();
  diag.disable();
});

const parents = {
  none: undefined,
  local: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 },
  remote: {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 3,
    isRemote: true,
    traceState: new TraceState('p=1'),
  },
  invalid: { traceId: '0'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 },
} as const;

/** The observable state of a span. */
function view(span: ReadableSpan): unknown {
  return {
    name: span.name,
    kind: span.kind,
    context: { ...span.spanContext(), traceState: span.spanContext().traceState?.serialize() },
    parent: span.parentSpanContext,
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: span.status,
    attributes: Object.entries(span.attributes),
    links: span.links,
    events: span.events,
    dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
    scope: { ...span.instrumentationScope },
    hasResource: span.resource === resource.resource,
  };
}

function encoded(span: ReadableSpan, write: typeof writeSpan): Buffer {
  const writer = new ProtobufWriter(64);
  write(writer, span);
  return writer.buffer.subarray(0, writer.position);
}

/** Starts spans of one operation: prepared ones if the tracer supports it. */
function preparedStart(tracer: Tracer, given: Scenario, parent: Context): () => Span {
  const { kind = SpanKind.INTERNAL, attributes, links, startTime } = given.options;
  const own = typeof attributes === 'object' && attributes !== null ? attributes : undefined;
  const prepared = new PreparedSpan(given.name, kind, { ...given.prepared }, given.details);
  // A single link may be given as its context.
  const single = Array.isArray(links) && links.length === 1 && links[0]?.attributes === undefined;
  const inTime = single ? links[0]!.context : links;
  const linked = given.linksLater && Array.isArray(links) ? () => links : inTime;
  const light = preparedTracer(tracer);
  if (light !== undefined) return () => light.startPrepared(prepared, own, linked, startTime, parent);
  // As messaging does it.
  const options: SpanOptions = { kind, attributes: prepared.with(own) };
  if (links !== undefined) options.links = links;
  if (startTime !== undefined) options.startTime = startTime;
  return () => {
    const span = tracer.startSpan(given.name, options, parent);
    if (given.details !== undefined && span.isRecording()) span.setAttributes(given.details);
    return span;
  };
}

/** Which spans: those of the SDK, light ones as startTracing() makes them, or those that a processor offers. */
type Kind = 'sdk' | 'light' | 'offered';

/** Runs a scenario and returns everything that can be observed. */
function play(given: Scenario, as: Kind): unknown {
  clocks.wall = 1_700_000_000_000;
  clocks.ticks = 1000.5;
  const seen: unknown[] = [];
  const batch = new OpenBatch();
  let ids = 0;
  const idGenerator = {
    generateSpanId: () => (++ids).toString(16).padStart(16, '0'),
    generateTraceId: () => (++ids).toString(16).padStart(32, '0'),
  };
  const readsOnly = given.readsOnly && given.writes === undefined;
  const ignoresAttributes = readsOnly && given.ignoresAttributes;
  const ignoresLinks = readsOnly && given.ignoresLinks;
  const sampler: LightSampler = {
    readsOnly,
    ignoresAttributes,
    ignoresLinks,
    shouldSample(context, traceId, name, kind, attributes, links) {
      seen.push([
        'sampler',
        trace.getSpanContext(context),
        traceId,
        name,
        kind,
        ignoresAttributes || Object.entries(attributes),
        ignoresLinks ||
          (ignoresAttributes && trace.getSpanContext(context) !== undefined) ||
          structuredClone(
            links.map((each) => ({
              ...each,
              context: each.context.spanId,
              // A sampler that writes nothing gets no object to write into.
              attributes: readsOnly ? (each.attributes ?? {}) : each.attributes,
            })),
          ),
      ]);
      if (given.writes !== undefined) Object.assign(attributes, given.writes);
      return { decision: given.decision, ...given.sampled } as never;
    },
    toString: () => 'scripted',
  };
  const processor: SpanProcessor & OffersLightTracer = {
    [offersLightTracer]: (tracer) => {
      const fail = (reason: string): never => expect.unreachable(reason);
      return as === 'offered' ? lightTracerFor(tracer, processor, fail) : undefined;
    },
    onStart(span: SdkSpan, context) {
      // A light span has its details from the start.
      const hasDetails = given.prepared !== undefined && given.details !== undefined;
      seen.push(['start', given.looks && !hasDetails && view(span), trace.getSpanContext(context)]);
      if (!hasDetails) given.onStart?.(span);
    },
    onEnd(span) {
      // Before the first access.
      expect(encoded(span, writeSpan)).toEqual(encoded(span, writeAnySpan));
      batch.add(span);
      seen.push(['end', view(span)]);
      batch.add(span);
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
    ...(given.onEnding !== undefined && {
      onEnding(span: SdkSpan) {
        seen.push(['ending', given.looks && view(span)]);
        given.onEnding!(span);
      },
    }),
  };
  const parts = {
    resource: resource.resource,
    sampler,
    idGenerator,
    spanLimits: given.limits,
    spanProcessors: [processor],
  };
  const provider = new TracerProvider(parts);
  if (as === 'light') useLightSpans(provider, { ...parts, Provider: TracerProvider, processor }, 'tested');
  const got: Tracer = provider.getTracer('tested', '1.0', { schemaUrl: 'https://example.com' });
  const tracer = preparedTracer(got) ?? got;
  expect(tracer instanceof LightTracer).toBe(as !== 'sdk');
  ids = 0;
  seen.length = 0;
  // Links that are not needed for a decision are checked after it, or never.
  const warnsLater = given.prepared !== undefined && given.linksLater && ignoresLinks;
  const log =
    (level: string) =>
    (message: string, ...more: unknown[]) => {
      if (level !== 'warn' || !warnsLater) seen.push([level, message, ...more.map(String)]);
    };
  diag.setLogger({
    error: log('error'),
    warn: log('warn'),
    info: log('info'),
    debug: log('debug'),
    verbose: log('verbose'),
  });

  const attempt = (run: () => unknown): void => {
    try {
      const result = run();
      seen.push(result === span ? 'the span' : result);
    } catch (error) {
      seen.push(String(error));
    }
  };
  let span: Span | undefined;
  const spanContext = parents[given.parent];
  const parent = spanContext === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContext);
  const start = given.prepared === undefined ? undefined : preparedStart(tracer, given, parent);
  // The first spans of an operation are encoded differently from later ones.
  for (let count = start === undefined ? 0 : 3; count > 0; count--) attempt(() => start!().end());
  attempt(() => {
    span = start === undefined ? tracer.startSpan(given.name, given.options, parent) : start();
    return undefined;
  });
  if (span !== undefined) {
    for (const each of given.steps) attempt(() => each(span!));
    attempt(() => span!.end());
    seen.push(['at last', 'attributes' in span ? view(span as unknown as ReadableSpan) : span.spanContext()]);
  }
  diag.disable();
  if (batch.spans > 0) {
    const { buffer, length } = batch.close(new BufferPool());
    seen.push(['exported', decodeRequest(buffer.subarray(0, length))]);
  }
  return given.prepared === undefined ? seen : withoutOrder(seen);
}

/** Details and the attributes of the sampler are set after the other attributes, but come before them on a prepared light span. */
function withoutOrder(seen: unknown): unknown {
  if (typeof seen !== 'object' || seen === null || ArrayBuffer.isView(seen)) return seen;
  if (Array.isArray(seen)) return seen.map(withoutOrder);
  return Object.fromEntries(
    Object.entries(seen).map(([name, value]) => [
      name,
      name === 'attributes' && Array.isArray(value) ? new Set(value) : withoutOrder(value),
    ]),
  );
}

test.each<Kind>(['light', 'offered'])(
  'any sequence of calls on a span (%s) has the same result as on one of the SDK',
  (as) => {
    fc.assert(
      fc.property(scenario, (given) => {
        expect(play(given, as)).toEqual(play(given, 'sdk'));
      }),
      { numRuns: Number(process.env['MQTRACE_RUNS'] ?? 1000) },
    );
  },
);

test('a list of texts is stored as a copy, on a span that stays light', () => {
  const ended: ReadableSpan[] = [];
  const processor = {
    onStart: () => undefined,
    onEnd: (span: ReadableSpan) => void ended.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const sampler: LightSampler = {
    readsOnly: true,
    shouldSample: () => ({ decision: recordedAndSampled }),
    toString: () => 'all',
  };
  const parts = { resource: resource.resource, sampler, idGenerator: randomIds, spanLimits: {}, processor };
  const provider = new TracerProvider({ sampler, spanProcessors: [processor] });
  useLightSpans(provider, { ...parts, Provider: TracerProvider }, 'tested');
  const tracer = provider.getTracer('tested');
  const given = ['one'];
  const atStart = ['first'];
  const span = tracer.startSpan('any', { attributes: { atStart } });
  span.setAttribute('given', given);
  given.push('two');
  atStart.push('second');
  span.end();
  const [light] = ended as [ReadableSpan & { isFlat: boolean }];
  expect(light.isFlat).toBe(true);
  expect(light.attributes).toEqual({ atStart: ['first'], given: ['one'] });
});
