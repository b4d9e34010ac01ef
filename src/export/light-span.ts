// Implements a recording span that costs less than the SDK's.
import {
  type Attributes,
  type AttributeValue,
  type Context,
  type Exception,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api';
import type { ReadableSpan, Span as SdkSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import { reportFault } from '../common/faults.ts';
import { type FlatAttributes, flatten, noFlat, noLinks, plainLinks, setFlat, toObject } from './flat-attributes.ts';
import { hasName, type LightParts } from './light-parts.ts';
import type { LightSource } from './light-source.ts';
import { LightTimes } from './light-times.ts';
import { isTime } from './span-time.ts';

/**
 * A span with simple attributes and links, stored in a flat list from which it is encoded. Everything else (events, a status,
 * another name, values with special rules, limits) is delegated to a span of the SDK, its twin. The twin is created when it is
 * first needed and replaces this span from then on, so that the rules of the installed SDK version apply.
 *
 * The times are taken from this span in both cases, because the twin's clock starts later.
 *
 * @internal
 */
export class LightSpan extends LightTimes implements Span, ReadableSpan {
  readonly source: LightSource;
  /** Another one after {@link repeat}. */
  context: SpanContext;
  readonly kind: SpanKind;
  /** Undefined for a root, although the type of the SDK's interface does not allow it. */
  readonly parentSpanContext: SpanContext;
  /** The attributes that all spans of its operation have; they come before those of `flat`. */
  parts: LightParts | undefined;
  /** Alternating names and values, without repeated names. Unused once there is a twin. */
  flat: FlatAttributes;
  /** The SDK's span that replaces this one. */
  twin: SdkSpan | undefined = undefined;
  readonly #name: string;
  /** A single link without attributes is stored as its context. */
  linked: SpanContext | Link[];
  #ended = false;
  #ending = false;
  /** The list of events that a reader got after the end, which it may modify. */
  #events: TimedEvent[] | undefined = undefined;
  /** The attributes as an object, cached after the first access after the end. */
  view: Attributes | undefined = undefined;

  constructor(
    source: LightSource,
    context: SpanContext,
    parent: SpanContext | undefined,
    name: string,
    kind: SpanKind,
    parts: LightParts | undefined,
    flat: FlatAttributes,
    linked: SpanContext | Link[],
    startTime: TimeInput | undefined,
  ) {
    super(startTime);
    this.source = source;
    this.context = context;
    this.parentSpanContext = parent as SpanContext;
    this.kind = kind;
    this.parts = parts;
    this.flat = flat;
    this.#name = name;
    this.linked = linked;
  }

  spanContext(): SpanContext {
    return this.context;
  }

  setAttribute(key: string, value: AttributeValue): this {
    // Every version of the SDK ignores undefined.
    const isLight = this.twin === undefined && !this.#ended;
    if (isLight && (value === undefined || this.#set(key, value))) return this;
    this.become().setAttribute(key, value);
    return this;
  }

  #set(key: string, value: AttributeValue): boolean {
    const { limits } = this.source;
    if (this.parts !== undefined && hasName(this.parts.flat, key)) {
      // This span differs from the others of its operation.
      this.flat = this.parts.flat.concat(this.flat);
      this.parts = undefined;
    }
    const flat = setFlat(this.flat, key, value, limits, this.parts?.flat.length);
    if (flat === undefined) return false;
    this.flat = flat;
    return true;
  }

  setAttributes(attributes: Attributes): this {
    for (const key in attributes) {
      if (Object.prototype.hasOwnProperty.call(attributes, key)) this.setAttribute(key, attributes[key]!);
    }
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    const twin = this.become();
    const isOnlyTime = isTime(attributesOrTime);
    const given = isOnlyTime && !isTime(time) ? attributesOrTime : time;
    twin.addEvent(name, isOnlyTime ? undefined : attributesOrTime, this.timeOf(given));
    return this;
  }

  addLink(link: Link): this {
    this.become().addLink(link);
    return this;
  }

  addLinks(links: Link[]): this {
    this.become().addLinks(links);
    return this;
  }

  setStatus(status: SpanStatus): this {
    this.become().setStatus(status);
    return this;
  }

  updateName(name: string): this {
    this.become().updateName(name);
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.become().recordException(exception, this.timeOf(time));
  }

  isRecording(): boolean {
    return this.twin?.isRecording() ?? !this.#ended;
  }

  end(endTime?: TimeInput): void {
    if (this.twin !== undefined || this.#ended) {
      this.become().end(this.timeOf(endTime));
      return;
    }
    const { source } = this;
    this.setEnd(endTime);
    if (source.processor.onEnding !== undefined) {
      this.#ending = true;
      source.processor.onEnding(this);
      this.#ending = false;
      // A processor may have added data that needs a twin. The twin ends without another onEnding.
      if (this.twin !== undefined) source.twins.endQuietly(this.twin, this.ownEndTime);
    }
    this.#ended = true;
    source.processor.onEnd(this);
  }

  /** Sets attributes. Returns false if the SDK would drop or change one of them; others may have been set. */
  addAtStart(attributes: Attributes): boolean {
    for (const key in attributes) {
      if (Object.prototype.hasOwnProperty.call(attributes, key) && !this.#set(key, attributes[key]!)) return false;
    }
    return true;
  }

  /** Replaces the initial attributes and links. */
  startWith(attributes: Attributes, links: Link[]): void {
    const { limits, countsOnLinks } = this.source;
    const flat = flatten(attributes, limits);
    const plain = plainLinks(links, limits, countsOnLinks);
    if (flat === undefined || plain === undefined) {
      this.#make(attributes, links);
    } else {
      this.parts = undefined;
      this.flat = flat;
      this.linked = plain;
    }
  }

  /** Becomes another span of the same series, with the same times, which starts and has ended. The processor keeps no spans. */
  repeat(context: SpanContext, parts: LightParts, flat: FlatAttributes, parentContext: Context): void {
    this.context = context;
    this.parts = parts;
    this.flat = flat;
    this.linked = noLinks as Link[];
    this.twin = undefined;
    this.view = undefined;
    this.#events = undefined;
    this.#ended = true;
    const { processor } = this.source;
    processor.onStart(this, parentContext);
    try {
      processor.onEnd(this);
    } catch (error) {
      reportFault('ending a span', error);
    }
  }

  /** Whether its attributes are in the flat lists, and it has no events. */
  get isFlat(): boolean {
    return this.twin === undefined && this.view === undefined && this.#events === undefined;
  }

  /** The SDK's span that replaces this one from now on; ended if this one is. */
  become(): SdkSpan {
    return this.twin ?? this.#make(this.view ?? toObject(this.flat, this.parts?.flat), this.#links());
  }

  #make(attributes: Attributes, links: Link[]): SdkSpan {
    const { twins } = this.source;
    const twin = twins.start(this, this.#name, attributes, links);
    if (this.#ended) twins.endQuietly(twin, this.ownEndTime);
    this.flat = noFlat;
    this.parts = undefined;
    this.twin = twin;
    return twin;
  }

  // The following members are for readers of spans. Before the end, a reader might also modify data that only a twin has.

  get name(): string {
    return this.twin === undefined ? this.#name : this.twin.name;
  }

  get attributes(): Attributes {
    if (this.twin !== undefined || !this.#ended) return this.become().attributes;
    return (this.view ??= toObject(this.flat, this.parts?.flat));
  }

  get links(): Link[] {
    if (this.twin !== undefined || !this.#ended) return this.become().links;
    return this.#links();
  }

  #links(): Link[] {
    const { linked } = this;
    if (linked === noLinks) return (this.linked = []);
    if (Array.isArray(linked)) return linked;
    // Kept, because a reader may compare or modify it.
    return (this.linked = [{ context: linked }]);
  }

  get events(): TimedEvent[] {
    if (this.twin === undefined && this.#ended) return (this.#events ??= []);
    return this.become().events;
  }

  get status(): SpanStatus {
    return this.twin === undefined ? { code: SpanStatusCode.UNSET } : this.twin.status;
  }

  get endTime(): HrTime {
    return this.#ending || this.twin === undefined ? this.ownEndTime : this.twin.endTime;
  }

  get duration(): HrTime {
    if (!this.#ending && this.twin !== undefined) return this.twin.duration;
    return this.ownDuration;
  }

  get ended(): boolean {
    return this.twin?.ended ?? this.#ended;
  }

  get resource(): ReadableSpan['resource'] {
    return this.source.resource;
  }

  get instrumentationScope(): ReadableSpan['instrumentationScope'] {
    return this.source.scope;
  }

  get droppedAttributesCount(): number {
    return this.twin?.droppedAttributesCount ?? 0;
  }

  get droppedEventsCount(): number {
    return this.twin?.droppedEventsCount ?? 0;
  }

  get droppedLinksCount(): number {
    return this.twin?.droppedLinksCount ?? 0;
  }
}
