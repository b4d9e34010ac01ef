// Defines the prepared common data of the spans of one operation, and how a tracer accepts it.
import type { Attributes, Context, Link, Span, SpanKind, TimeInput, Tracer } from '@opentelemetry/api';
import { offeredTracer } from './offered-tracer.ts';

/** The common data of all spans of one operation on one destination: name, kind, and constant attributes. @internal */
export class PreparedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  /** Frozen, because it is passed to samplers. */
  readonly attributes: Readonly<Attributes>;
  /** A cache for the tracer that creates these spans. */
  kept: unknown = undefined;

  constructor(name: string, kind: SpanKind, attributes: Attributes) {
    this.name = name;
    this.kind = kind;
    this.attributes = Object.freeze(attributes);
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

/** The arguments for starting a prepared span. @internal */
export interface PreparedStart {
  /** The attributes of only this span; undefined values are omitted. Not modified afterwards. */
  own: Attributes | undefined;
  /** Not modified afterwards. */
  links: Link[] | undefined;
  startTime: TimeInput | undefined;
}

/** Must change when the meaning of the method changes. @internal */
export const preparedVersion = 1;

/**
 * A tracer that can start prepared spans. The wrappers and the SDK may come from different copies of this package: it is recognized
 * by a property with a version, instead of its class. @internal
 */
export interface PreparedTracer extends Tracer {
  readonly mqtracePrepared: number;
  startPrepared(prepared: PreparedSpan, start: PreparedStart, parent: Context): Span;
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
  const behind =
    typeof (tracer as ProxyTracer)._getTracer === 'function' ? (tracer as ProxyTracer)._getTracer!() : tracer;
  if (isPrepared(behind)) return behind;
  const offered = offeredTracer(behind);
  return offered !== undefined && isPrepared(offered) ? offered : undefined;
}

function isPrepared(tracer: Tracer): tracer is PreparedTracer {
  return (tracer as Partial<PreparedTracer>).mqtracePrepared === preparedVersion;
}
