// What the spans of one operation have in common, made once, and how a tracer takes it.
import type { Attributes, Context, Link, Span, SpanKind, TimeInput, Tracer } from '@opentelemetry/api';

/** What all spans of one operation on one destination have: name, kind, and the attributes that never differ. @internal */
export class PreparedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  /** Frozen, because samplers are given it. */
  readonly attributes: Readonly<Attributes>;
  /** A place for the tracer that makes these spans, and for nobody else. */
  kept: unknown = undefined;

  constructor(name: string, kind: SpanKind, attributes: Attributes) {
    this.name = name;
    this.kind = kind;
    this.attributes = Object.freeze(attributes);
  }

  /** All attributes of one span; those of its own win. */
  with(own: Attributes | undefined): Attributes {
    const all: Attributes = {};
    const { attributes } = this;
    for (const key in attributes) all[key] = attributes[key];
    for (const key in own) if (own[key] !== undefined) all[key] = own[key];
    return all;
  }
}

/** What a prepared span is started with. @internal */
export interface PreparedStart {
  /** The attributes that only this span has; undefined values are left out. Nobody changes them from here on. */
  own: Attributes | undefined;
  /** Nobody changes them from here on. */
  links: Link[] | undefined;
  startTime: TimeInput | undefined;
}

/** Changes whenever the meaning of the method does. @internal */
export const preparedVersion = 1;

/**
 * A tracer that can start prepared spans. The wrappers and the SDK may come from different copies of this package: it is told by a
 * property, which is a version, rather than by its class. @internal
 */
export interface PreparedTracer extends Tracer {
  readonly mqtracePrepared: number;
  startPrepared(prepared: PreparedSpan, start: PreparedStart, parent: Context): Span;
}

/** The API's tracer, which may stand for one that was registered later. */
interface ProxyTracer extends Tracer {
  _getTracer?: () => Tracer;
}

/** The tracer itself, or the one it stands for, if it can start prepared spans. @internal */
export function preparedTracer(tracer: Tracer): PreparedTracer | undefined {
  if (isPrepared(tracer)) return tracer;
  if (typeof (tracer as ProxyTracer)._getTracer !== 'function') return undefined;
  const behind = (tracer as ProxyTracer)._getTracer!();
  return isPrepared(behind) ? behind : undefined;
}

function isPrepared(tracer: Tracer): tracer is PreparedTracer {
  return (tracer as Partial<PreparedTracer>).mqtracePrepared === preparedVersion;
}
