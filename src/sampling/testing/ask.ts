// Calls a sampler like a tracer does, and reads its decision.
import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Link,
} from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { referenceWeight } from './otep-235.ts';

export interface Question {
  readonly traceId: string;
  readonly context?: Context;
  /** The parent's sampled flag; undefined for a root. */
  readonly parentSampled?: boolean;
  readonly traceState?: string;
  readonly local?: boolean;
  readonly name?: string;
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly links?: Link[];
}

export interface Answer {
  readonly sampled: boolean;
  /** The trace state of the new span, changed by the sampler or not. */
  readonly ot: string | undefined;
  readonly th: string | undefined;
  readonly rv: string | undefined;
  readonly by: unknown;
}

export function parentContext(
  traceId: string,
  sampled: boolean,
  traceState?: string,
  isRemote = true,
  base: Context = ROOT_CONTEXT,
): Context {
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const state = traceState === undefined ? {} : { traceState: createTraceState(traceState) };
  return trace.setSpanContext(base, { traceId, spanId: 'b7ad6b7169203331', traceFlags, isRemote, ...state });
}

export function ask(sampler: Sampler, question: Question): Answer {
  const { traceId, parentSampled, traceState, local = false, attributes = {}, links = [] } = question;
  let { context = ROOT_CONTEXT } = question;
  if (parentSampled !== undefined) context = parentContext(traceId, parentSampled, traceState, !local, context);
  const { name = 'span', kind = SpanKind.INTERNAL } = question;
  const result = sampler.shouldSample(context, traceId, name, kind, attributes, links);
  const state = result.traceState ?? trace.getSpanContext(context)?.traceState;
  const ot = state?.get('ot');
  return {
    sampled: (result.decision as number) === 2,
    ot,
    th: /(?:^|;)th:([^;]*)/.exec(ot ?? '')?.[1],
    rv: /(?:^|;)rv:([^;]*)/.exec(ot ?? '')?.[1],
    by: result.attributes?.['sampler.name'],
  };
}

/** A fast form for many calls: whether a root is kept, and its weight (0: unknown). */
export function weightOfRoot(sampler: Sampler, traceId: string): number | undefined {
  const { decision, traceState } = sampler.shouldSample(ROOT_CONTEXT, traceId, 'span', SpanKind.INTERNAL, {}, []);
  if ((decision as number) !== 2) return undefined;
  const th = /(?:^|;)th:([^;]*)/.exec(traceState?.get('ot') ?? '')?.[1];
  if (th === undefined) return 0;
  let weight = weights.get(th);
  if (weight === undefined) weights.set(th, (weight = referenceWeight(th)));
  return weight;
}

const weights = new Map<string, number>();
