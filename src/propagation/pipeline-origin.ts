// Propagates the start of a pipeline: in a member of `tracestate`, and in the context across a new trace.
import { type Context, createContextKey, trace, type TraceState } from '@opentelemetry/api';
import { isValidSpanContext } from '../common/valid-span-context.ts';
import { traceStateOutputLimit, W3CTraceState } from './trace-state.ts';

/** The first message of a pipeline. */
export interface PipelineOrigin {
  /** The time of sending in whole milliseconds since the epoch. */
  readonly startMs: number;
  /** Its received text, because formatting it again would take longer than everything else. */
  readonly startText?: string;
  /** The number of messages so far, including the first one. At most 999. */
  readonly hops: number;
  /** The pipeline's name, if its first sender gave one. */
  readonly name: string | undefined;
}

/** The key of the member, https://www.w3.org/TR/trace-context-2/#tracestate-header. */
export const pipelineMember = 'mqtrace';

const maxHops = 999;
const maxMembers = 32;
/** The version of the value, then milliseconds since the epoch in base 36, hops, and a name: at most 64 characters in all. */
const valuePattern = /^1;([0-9a-z]{1,9});([0-9]{1,3})(?:;([\w.-]{1,48}))?$/;
const namePattern = /^[\w.-]{1,48}$/;

/** Whether the name is valid: 1 to 48 letters, digits, `_`, `.` or `-`. */
export function isPipelineName(name: unknown): name is string {
  return typeof name === 'string' && namePattern.test(name);
}

/** The value of the member, as text. */
export function formatOrigin({ startMs, startText, hops, name }: PipelineOrigin): string {
  const text = `1;${startText ?? startMs.toString(36)};${hops}`;
  return name === undefined ? text : `${text};${name}`;
}

/** Undefined for text of another form or version. */
export function parseOrigin(value: string): PipelineOrigin | undefined {
  const parts = valuePattern.exec(value);
  if (parts === null) return undefined;
  const startText = parts[1]!;
  return { startMs: Number.parseInt(startText, 36), startText, hops: Number(parts[2]), name: parts[3] };
}

/** The origin with one more hop. */
export function nextHop(origin: PipelineOrigin): PipelineOrigin {
  const { startMs, startText, hops, name } = origin;
  const next = Math.min(maxHops, hops + 1);
  return startText === undefined ? { startMs, hops: next, name } : { startMs, startText, hops: next, name };
}

/** The span of a context may belong to another trace than its messages: then the context itself stores the origin. */
const originKey = createContextKey('mqtrace pipeline origin');

/** @internal */
export function withOrigin(context: Context, origin: PipelineOrigin): Context {
  return context.setValue(originKey, origin);
}

/** The origin that a context stores across a new trace. @internal */
export function keptOrigin(context: Context): PipelineOrigin | undefined {
  return context.getValue(originKey) as PipelineOrigin | undefined;
}

/** The origin of a context: the stored one, else that of its span's trace state. @internal */
export function originOf(context: Context): PipelineOrigin | undefined {
  const kept = keptOrigin(context);
  if (kept !== undefined) return kept;
  const value = trace.getSpanContext(context)?.traceState?.get(pipelineMember);
  return value === undefined ? undefined : parseOrigin(value);
}

/**
 * The context with this origin in the trace state of its span, so that any propagator of `tracestate` writes it. Unchanged if the
 * context has no valid span, or the trace state would become longer than 512 characters or 32 members.
 *
 * @internal
 */
export function withOriginInTraceState(context: Context, origin: PipelineOrigin): Context {
  const spanContext = trace.getSpanContext(context);
  if (spanContext === undefined || !isValidSpanContext(spanContext)) return context;
  const traceState = addOrigin(spanContext.traceState, origin);
  if (traceState === undefined) return context;
  const carried = {
    traceId: spanContext.traceId,
    spanId: spanContext.spanId,
    traceFlags: spanContext.traceFlags,
    traceState,
  };
  return trace.setSpanContext(keptOrigin(context) === undefined ? context : context.deleteValue(originKey), carried);
}

/** The trace state with the origin as its first member; undefined if it does not fit. @internal */
export function addOrigin(traceState: TraceState | undefined, origin: PipelineOrigin): W3CTraceState | undefined {
  const member = `${pipelineMember}=${formatOrigin(origin)}`;
  const present = traceState?.serialize() ?? '';
  const isAlone = present === '' || (present.startsWith(`${pipelineMember}=`) && !present.includes(','));
  if (isAlone) return new W3CTraceState(member);
  const others = present.split(',').filter((other) => !other.startsWith(`${pipelineMember}=`));
  const text = [member, ...others].join(',');
  return others.length >= maxMembers || text.length > traceStateOutputLimit ? undefined : new W3CTraceState(text);
}
