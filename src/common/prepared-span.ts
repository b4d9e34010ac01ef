// Defines the prepared common data of the spans of one operation, and how a tracer accepts it.
import type { Attributes, Context, Link, Span, SpanContext, SpanKind, TimeInput, Tracer } from '@opentelemetry/api';
import { offeredTracer } from './offered-tracer.ts';

/** The common data of all spans of one operation on one destination: name, kind, and constant attributes. @internal */
export class PreparedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  /** Frozen, because it is passed to samplers. */
  readonly attributes: Readonly<Attributes>;
  /** Constant attributes that only recorded spans have, and samplers do not get. */
  readonly details: Readonly<Attributes> | undefined;
  /** A cache for the tracer that creates these spans. */
  kept: unknown = undefined;

  constructor(name: string, kind: SpanKind, attributes: Attributes, details?: Attributes) {
    this.name = name;
    this.kind = kind;
    this.attributes = Object.freeze(attributes);
    this.details = details;
  }

  /** All attributes of one span; its own ones take precedence. */
  with(own: Attributes | undefined): Attributes {
    const all: Attributes = {};
    const { attributes } = this;
    for (const key in attributes) all[key] = attributes[key];
    for (const key in own) if (own[key] !== undefined) all[key] = own[key];
    return all;
  }
}

/**
 * The links of a span. A single link without attributes is given as its context. A function returns links that are not needed for
 * an unsampled span; it is called at most once, before the span has started.
 * @internal
 */
export type Linked = SpanContext | Link[] | (() => Link[]) | undefined;

/** The links as a list. @internal */
export function linkList(linked: Linked): Link[] | undefined {
  if (typeof linked === 'function') return linked();
  return linked === undefined || Array.isArray(linked) ? linked : [{ context: linked }];
}

/** Must change when the meaning of the method changes. @internal */
export const preparedVersion = 3;

/**
 * A tracer that can start prepared spans. The wrappers and the SDK may come from different copies of this package: it is recognized
 * by a property with a version, instead of its class. @internal
 */
export interface PreparedTracer extends Tracer {
  readonly mqtracePrepared: number;
  /**
   * Starts a span. Its arguments are not in an object, because one would be created for each span.
   *
   * @param own - the attributes of only this span; undefined values are omitted. Not modified afterwards.
   * @param linked - not modified afterwards.
   * @param startTime - default: now.
   */
  startPrepared(
    prepared: PreparedSpan,
    own: Attributes | undefined,
    linked: Linked,
    startTime: TimeInput | undefined,
    parent: Context,
  ): Span;
  /**
   * Prepares to create many spans that end when they start. Undefined if each has to be started: an older copy of this package, a
   * root, or something that keeps spans.
   */
  readonly series?: (prepared: PreparedSpan, parent: Context) => SpanSeries | undefined;
}

/** Creates ended spans of one operation below one parent, which all have the time at which the series was created. @internal */
export interface SpanSeries {
  /**
   * Creates an ended span without links. Returns its context; undefined, without any effect, if the span has to be started.
   *
   * @param own - as those of a started span.
   */
  add(own: Attributes | undefined): SpanContext | undefined;
}

/** The API's tracer, which may delegate to one that was registered later. */
interface ProxyTracer extends Tracer {
  _getTracer?: () => Tracer;
}

/**
 * The tracer itself, or its delegate, if it can start prepared spans; or else the tracer that a span processor of its provider offers.
 *
 * @internal
 */
export function preparedTracer(tracer: Tracer): PreparedTracer | undefined {
  if (isPrepared(tracer)) return tracer;
  const behind = delegateOf(tracer);
  if (isPrepared(behind)) return behind;
  const offered = offeredTracer(behind);
  return offered !== undefined && isPrepared(offered) ? offered : undefined;
}

/** The tracer behind the API's tracer; any other one itself. @internal */
export function delegateOf(tracer: Tracer): Tracer {
  return typeof (tracer as ProxyTracer)._getTracer === 'function' ? (tracer as ProxyTracer)._getTracer!() : tracer;
}

function isPrepared(tracer: Tracer): tracer is PreparedTracer {
  return (tracer as Partial<PreparedTracer>).mqtracePrepared === preparedVersion;
}
