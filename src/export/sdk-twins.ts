// Creates spans of the SDK that replace light spans.
import {
  type Attributes,
  type HrTime,
  INVALID_SPAN_CONTEXT,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type {
  IdGenerator,
  ReadableSpan,
  Sampler,
  SamplingResult,
  Span as SdkSpan,
  SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { recorded, recordedAndSampled } from '../config/sampling-decision.ts';
import { isSampled } from '../common/is-sampled.ts';
import type { LightSpan } from './light-span.ts';

/** The parts of the tracer that creates twins. @internal */
export interface TwinParts {
  readonly sampler: Sampler;
  readonly idGenerator: IdGenerator;
  readonly processor: SpanProcessor;
}

/** The key of the light span on its twin. */
const lightSpan: unique symbol = Symbol('mqtrace light span');
type Twin = SdkSpan & { [lightSpan]?: LightSpan };

/** Forwards the end of a twin as the end of the span that it replaces. */
class Forward implements SpanProcessor {
  onStart(): void {
    // The light span has already started.
  }

  onEnding(twin: SdkSpan): void {
    const light = (twin as Twin)[lightSpan];
    light?.source.processor.onEnding?.(light);
  }

  onEnd(twin: ReadableSpan): void {
    const light = (twin as Twin)[lightSpan];
    light?.source.processor.onEnd(light);
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * A tracer of the SDK with the limits of the real one. Its sampler and ids are those of the light span for which a twin is
 * created.
 *
 * @internal
 */
export class SdkTwins {
  readonly #tracer: Tracer;
  #traceId = '';
  #spanId = '';
  #answer: SamplingResult = { decision: recordedAndSampled };

  constructor(makeTracer: (parts: TwinParts) => Tracer) {
    const sampler: Sampler = { shouldSample: () => this.#answer, toString: () => 'mqtrace twin' };
    const idGenerator = { generateTraceId: () => this.#traceId, generateSpanId: () => this.#spanId };
    this.#tracer = makeTracer({ sampler, idGenerator, processor: new Forward() });
  }

  /** A span with a link without attributes, to find out what the spans of this SDK are like. */
  probe(): SdkSpan {
    const links = [{ context: INVALID_SPAN_CONTEXT, attributes: {} }];
    return this.#tracer.startSpan('probe', { links }, ROOT_CONTEXT) as SdkSpan;
  }

  /** Whether the SDK stores the number of dropped attributes on each link, as version 3 does. */
  get countsOnLinks(): boolean {
    return this.probe().links[0]?.droppedAttributesCount !== undefined;
  }

  /** A started span of the SDK with all data of the light span. */
  start(light: LightSpan, name: string, attributes: Attributes, links: Link[]): SdkSpan {
    const { context, kind, startTime } = light;
    const parentSpanContext = light.parentSpanContext as SpanContext | undefined;
    this.#traceId = context.traceId;
    this.#spanId = context.spanId;
    const decision = isSampled(context) ? recordedAndSampled : recorded;
    const { traceState } = context;
    // Passed like attributes of the sampler, so that they are checked once, with the limits.
    this.#answer = traceState === undefined ? { decision, attributes } : { decision, attributes, traceState };
    const parent =
      parentSpanContext === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parentSpanContext);
    const twin = this.#tracer.startSpan(name, { kind, links, startTime }, parent) as Twin;
    twin[lightSpan] = light;
    return twin;
  }

  /** Ends a twin without reporting its end, which the light span does. */
  endQuietly(twin: SdkSpan, endTime: HrTime): void {
    (twin as Twin)[lightSpan] = undefined as never;
    twin.end(endTime);
  }
}
