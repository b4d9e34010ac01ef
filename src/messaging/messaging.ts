// Holds the settings of one wrapped client, and injects and extracts context for its operations.
import {
  type Attributes,
  type SpanContext,
  type TextMapPropagator,
  trace,
  type TracerProvider,
  ROOT_CONTEXT,
  type Context,
} from '@opentelemetry/api';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { cloudEvents } from '../../carriers/cloud-events.ts';
import { isHeaderMap } from '../../carriers/map-headers.ts';
import { redisFields } from '../../carriers/redis-fields.ts';
import { describe } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { fastExtractFor, resolvePropagator } from '../propagation/current-propagator.ts';
import { CarriedHeaders } from '../propagation/carried-headers.ts';
import { extractFrom, injectCopy } from '../propagation/inject-extract.ts';
import type { PlainFields } from '../propagation/plain-fields.ts';
import { UnsampledContext } from '../propagation/unsampled-context.ts';
import { UnsampledText } from '../propagation/unsampled-text.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { isValidSpanContext } from '../common/valid-span-context.ts';
import type { AdmittedContext } from '../propagation/trust.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { isCertainlyDropped, isCertainlyUnsampled, isReceivedCertainlyUnsampled } from '../common/sampling-hint.ts';
import { ContentRules } from './content-rules.ts';
import { propagatorFields } from '../propagation/header-families.ts';
import { Measurer } from './measuring.ts';
import { PipelinePolicy } from './pipeline-policy.ts';
import { PreparedOperations } from './prepared-operations.ts';
import type { Destination } from './operation.ts';
import { isParenting, type Parenting, type TraceOptions } from './options.ts';
import { schemaUrls, type SemconvVersion, semconvFromEnvironment } from './semconv.ts';
import { ReceivePolicy } from './receive-policy.ts';
import { expectedErrors, type IsExpectedError, type IsSelected, selectedDestinations } from './span-rules.ts';
import { tracerOf, type TracerSource } from './tracer.ts';

/** The settings of one wrapped client: its messaging system, tracer, propagator and the user's options. */
export class Messaging {
  /** Value of `messaging.system.name`. */
  readonly system: string;
  readonly semconv: SemconvVersion;
  readonly propagator: TextMapPropagator;
  readonly tracer: TracerSource;
  readonly measurer: Measurer;
  /** Undefined if pipelines are off. */
  readonly pipelines: PipelinePolicy | undefined;
  readonly operations: PreparedOperations;
  /** Whether each message of a send of several messages has its own span. */
  readonly createSpans: boolean;
  /** Undefined if every destination has spans. */
  readonly isIgnored: IsSelected | undefined;
  /** Undefined if no message starts a new trace. */
  readonly startsTrace: IsSelected | undefined;
  /** Undefined if no error is expected. */
  readonly isExpectedError: IsExpectedError | undefined;
  /** Undefined if no option looks into messages. */
  readonly content: ContentRules | undefined;
  readonly #provider: TracerProvider | undefined;
  readonly #parenting: NonNullable<TraceOptions['parenting']>;
  readonly #keepExisting: boolean;
  readonly #cloudEvents: boolean;
  readonly #settleSpans: boolean;
  readonly fastPath: boolean;
  readonly #receivePolicy: ReceivePolicy;
  readonly #admitsAll: boolean;
  readonly #mayReadLate: boolean;

  constructor(system: string, where: string, options: TraceOptions) {
    this.system = system;
    this.semconv = semconvFromEnvironment() ?? options.semconv ?? 'latest';
    this.measurer = new Measurer(system, this.semconv);
    this.operations = new PreparedOperations(system, this.semconv, options.peerService);
    this.propagator = resolvePropagator(options.propagator, `${where}({ propagator })`);
    this.createSpans = options.createSpans !== false;
    this.isIgnored = selectedDestinations(where, 'ignoreDestinations', options.ignoreDestinations);
    this.startsTrace = selectedDestinations(where, 'newTrace', options.newTrace);
    this.isExpectedError = expectedErrors(where, options.isExpectedError);
    this.content = ContentRules.of(where, options, () => propagatorFields(this.propagator));
    this.#provider = options.tracerProvider;
    this.tracer = tracerOf(options.tracerProvider, schemaUrls[this.semconv]);
    this.#parenting = options.parenting ?? 'parent';
    this.#keepExisting = options.existingContext === 'keep';
    this.#cloudEvents = options.cloudEvents === true;
    this.#settleSpans = options.settleSpans !== false;
    this.fastPath = options.fastPath !== false;
    this.#receivePolicy = new ReceivePolicy(where, options);
    this.#admitsAll = options.baggage === undefined && options.trust === undefined;
    this.#mayReadLate = this.fastPath && !this.#cloudEvents && options.trust === undefined;
    const { pipelines } = options;
    if (pipelines !== undefined && pipelines !== false) {
      this.pipelines = new PipelinePolicy(`${where}({ pipelines })`, pipelines, this.propagator);
    }
  }

  /**
   * Whether a span below this context would certainly not be sampled, so that it need not be created: the context is propagated
   * unchanged.
   */
  isCertainlyUnsampled(parent: Context): boolean {
    return parent instanceof UnsampledContext || parent instanceof UnsampledText
      ? isReceivedCertainlyUnsampled(parent.traceFlags, this.#provider, this.fastPath)
      : isCertainlyUnsampled(parent, this.#provider, this.fastPath);
  }

  /** Whether a root would certainly not be sampled either; used for spans whose context is not propagated. */
  isCertainlyDropped(parent: Context): boolean {
    return this.fastPath ? isCertainlyDropped(parent, this.#provider, true) : this.isCertainlyUnsampled(parent);
  }

  /** Whether an operation in this context has no span: tracing is suppressed, or {@link isCertainlyUnsampled}. */
  shouldSkip(parent: Context): boolean {
    return isTracingSuppressed(parent) || this.isCertainlyUnsampled(parent);
  }

  /** Like {@link shouldSkip}, for an operation whose context is not propagated: unsampled roots are skipped as well. */
  shouldSkipLeaf(parent: Context): boolean {
    return isTracingSuppressed(parent) || this.isCertainlyDropped(parent);
  }

  /** Whether operations on a destination have no spans, by the options. */
  ignores(destination: Destination | undefined): boolean {
    return this.isIgnored !== undefined && destination !== undefined && this.isIgnored(destination.name);
  }

  /** As {@link ignores}, for an operation on messages of several destinations: all of them are ignored. */
  ignoresAll(messages: readonly { readonly destination: Destination | undefined }[]): boolean {
    if (this.isIgnored === undefined || messages.length === 0) return false;
    return messages.every(({ destination }) => this.ignores(destination));
  }

  /** Whether a settlement in this context has a span. */
  recordsSettlement(parent: Context): boolean {
    return this.#settleSpans && !this.shouldSkipLeaf(parent);
  }

  /** Whether a settlement in this context has a span or is measured. */
  observesSettlement(parent: Context): boolean {
    return this.recordsSettlement(parent) || (metricsEpoch() !== 0 && !isTracingSuppressed(parent));
  }

  /** Whether every message continues its trace, and the fast path is enabled. */
  get alwaysContinues(): boolean {
    return this.fastPath && this.#parenting === 'parent';
  }

  /** The parenting of process spans for a destination. */
  parenting(destination: string | undefined): Parenting {
    const choose = this.#parenting;
    if (typeof choose !== 'function') return choose;
    try {
      const chosen: unknown = answered(choose(destination ?? ''));
      if (isParenting(chosen)) return chosen;
      throw new TypeError(`it returned ${describe(chosen)}, expected 'parent', 'link' or 'auto'`);
    } catch (error) {
      reportFault('the parenting option', error);
    }
    return 'parent';
  }

  /**
   * New headers with the context; undefined if the message must not be changed.
   *
   * @param destination - its name, which selects the baggage policy.
   */
  inject<H>(
    adapter: CarrierAdapter<H>,
    headers: H | null | undefined,
    context: Context,
    destination?: string,
  ): H | undefined {
    const carriedHeaders = this.carried(context);
    if (carriedHeaders !== undefined) return carriedHeaders.write(adapter, headers);
    const allowed = this.#receivePolicy.filtersBaggage
      ? (outgoing: Context): Context => this.#receivePolicy.toSend(outgoing, destination)
      : undefined;
    // The clients do not send the entries of a Map, so nothing can be written to one.
    const given = typeof headers === 'object' && headers !== null && isHeaderMap(headers) ? undefined : headers;
    const carried = this.pipelines === undefined ? context : this.#withOrigin(this.pipelines, context, destination);
    return injectCopy(this.propagator, this.#carrier(adapter), given, carried, allowed);
  }

  /**
   * The headers of a context for any number of messages, as {@link inject} writes them; undefined if they depend on
   * the message or its destination.
   */
  carried(context: Context): CarriedHeaders | undefined {
    return this.pipelines === undefined ? this.#headersOf(context) : undefined;
  }

  /** Whether the headers of a context depend on nothing else of its span than the span context. */
  get writesOnlyContext(): boolean {
    const isPlain = this.pipelines === undefined && !this.#cloudEvents && !this.#receivePolicy.filtersBaggage;
    return isPlain && fastExtractFor(this.propagator) !== undefined;
  }

  /** The headers of a send without a span, of which only the context is propagated; it may be measured. Never throws. */
  passedOn(parent: Context): CarriedHeaders | undefined {
    if (!this.fastPath || this.#keepExisting || this.startsTrace !== undefined) return undefined;
    if (!this.isCertainlyUnsampled(parent)) return undefined;
    const { pipelines } = this;
    if (pipelines === undefined) return this.#headersOf(parent);
    // All messages of one send have one origin, unless its name depends on the destination.
    return pipelines.namesByDestination ? undefined : this.#headersOf(this.#withOrigin(pipelines, parent, undefined));
  }

  /** The context of a message, based on the root context, not on the active one. */
  extract<H>(adapter: CarrierAdapter<H>, headers: H | null | undefined): Context {
    if (headers === undefined || headers === null) return ROOT_CONTEXT;
    if (this.fastPath && !this.#cloudEvents) {
      const context = fastExtractFor(this.propagator)?.(adapter, headers);
      if (context !== undefined) return context;
    }
    return extractFrom(this.propagator, this.#carrier(adapter), headers, ROOT_CONTEXT);
  }

  /**
   * The context of a message in a common form to which no option for trust or baggage applies; undefined for any other, for which
   * {@link extract} and {@link admit} have to be called.
   */
  extractPlain<H>(adapter: CarrierAdapter<H>, headers: H | null | undefined): Context | undefined {
    if (!this.#admitsAll || !this.#mayReadLate || headers === undefined || headers === null) return undefined;
    return fastExtractFor(this.propagator)?.(adapter, headers);
  }

  /** As {@link extract}, of a stream entry whose trace fields have been found; undefined if they are unusual. */
  extractFound(found: PlainFields): Context | undefined {
    if (!this.fastPath || this.#cloudEvents) return undefined;
    return fastExtractFor(this.propagator)?.<unknown>(redisFields, found);
  }

  /** Applies the trust and baggage options to a received message's context; undefined if there is no such option. */
  admit(context: Context, destination: string | undefined): AdmittedContext | undefined {
    return this.#admitsAll ? undefined : this.#receivePolicy.received(context, destination);
  }

  /**
   * Whether a message may be read lazily, because reading it has no observable effect. A trust policy counts messages, and a
   * propagator of the application may have effects.
   */
  get readsLate(): boolean {
    return this.#mayReadLate && fastExtractFor(this.propagator) !== undefined;
  }

  /** The baggage for the span attributes of an operation, by the policy of its destination. */
  baggageAttributes(
    direction: 'send' | 'receive',
    context: Context,
    destination: string | undefined,
  ): Attributes | undefined {
    return this.#receivePolicy.attributes(direction, context, destination);
  }

  /** Whether messages to send may keep their existing creation context. */
  get keepsExisting(): boolean {
    return this.#keepExisting;
  }

  /** The existing creation context of a message to send, if existing ones are kept. */
  existing<H>(adapter: CarrierAdapter<H>, headers: H | null | undefined): SpanContext | undefined {
    return this.#keepExisting ? validSpanContext(this.extract(adapter, headers)) : undefined;
  }

  #headersOf(context: Context): CarriedHeaders | undefined {
    if (!this.fastPath || this.#cloudEvents || this.#receivePolicy.filtersBaggage) return undefined;
    return isTracingSuppressed(context) ? undefined : CarriedHeaders.of(this.propagator, context);
  }

  #withOrigin(pipelines: PipelinePolicy, context: Context, destination: string | undefined): Context {
    try {
      return pipelines.toSend(context, destination);
    } catch (error) {
      reportFault('carrying the origin of a pipeline', error);
      return context;
    }
  }

  #carrier<H>(adapter: CarrierAdapter<H>): CarrierAdapter<H> {
    return this.#cloudEvents ? cloudEvents(adapter) : adapter;
  }
}

/** The valid span context of a context. Never throws, for any span in it. @internal */
export function validSpanContext(context: Context): SpanContext | undefined {
  try {
    const spanContext = trace.getSpanContext(context);
    return spanContext !== undefined && spanContext !== null && isValidSpanContext(spanContext)
      ? spanContext
      : undefined;
  } catch (error) {
    reportFault('reading a span context', error);
    return undefined;
  }
}
