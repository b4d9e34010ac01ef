// How far the trace context of received messages is trusted.
import { performance } from 'node:perf_hooks';
import { type Context, propagation, type SpanContext, trace, TraceFlags } from '@opentelemetry/api';
import { countDroppedHeader } from '../../carriers/dropped-headers.ts';
import { checkNames, isRecord } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { RecentMap } from '../common/recent-map.ts';
import { W3CTraceState } from './trace-state.ts';
import { isSampled } from '../common/is-sampled.ts';

/**
 * How far the trace context of received messages is trusted.
 *
 * - `'continue'`: fully; the message's trace continues.
 * - `'link'`: each message is processed in a new trace, which links the message's trace. Senders cannot add spans to your traces,
 *   choose trace ids or decide what is recorded. Baggage is active, by its policy.
 * - `'ignore'`: as if the message had no context: no parent, no link, no baggage.
 *
 * As an object: trust with limits.
 */
export type Trust = TrustLevel | TrustRules;

/** See {@link Trust}. */
export type TrustLevel = 'continue' | 'link' | 'ignore';

/** Trust with limits. */
export interface TrustRules {
  /** Default `'continue'`. */
  context?: TrustLevel | undefined;
  /**
   * Whether the sampled flag is used: `'follow'` it (default), `'ignore'` it (a parent-based sampler then records nothing of such a
   * trace), or follow at most a number per second; for others the flag is cleared, and the sampling threshold in `tracestate` is
   * removed.
   */
  sampled?: 'follow' | 'ignore' | { perSecond: number } | undefined;
  /**
   * The number of messages per trace id that are continued; further ones start new traces with a link. Default: no limit. At least
   * the last 10 000 trace ids are remembered.
   */
  messagesPerTrace?: number | undefined;
}

/** A received context to which the trust settings were applied. @internal */
export interface AdmittedContext {
  context: Context;
  /** Whether its trace must be linked instead of continued. */
  linkOnly: boolean;
}

const levels: ReadonlySet<unknown> = new Set(['continue', 'link', 'ignore']);
const names = ['context', 'sampled', 'messagesPerTrace'];
/** At least this many, at most twice as many. */
const rememberedTraces = 10_000;

/** The trust settings of one destination, with the state of its limits. @internal */
export class TrustPolicy {
  readonly #level: TrustLevel;
  readonly #perSecond: number;
  readonly #perTrace: number;
  readonly #messages = new RecentMap<string, number>(rememberedTraces);
  #tokens: number;
  #refilled = performance.now();

  /** @throws MqtraceError `INVALID_OPTION` */
  constructor(trust: Trust, where: string) {
    const rules = checkTrust(trust, where);
    this.#level = rules.context ?? 'continue';
    this.#perSecond = perSecond(rules.sampled);
    this.#perTrace = rules.messagesPerTrace ?? Infinity;
    this.#tokens = this.#perSecond;
  }

  /**
   * The context to process a received message in. Never throws.
   *
   * @param empty - the context for a message without context.
   */
  apply(context: Context, empty: Context): AdmittedContext {
    const spanContext = trace.getSpanContext(context);
    if (this.#level === 'ignore') {
      const carried = spanContext !== undefined || propagation.getBaggage(context) !== undefined;
      if (carried) countDroppedHeader('context-ignored');
      return { context: empty, linkOnly: false };
    }
    const linkOnly = this.#level === 'link';
    if (spanContext === undefined) return { context, linkOnly };
    const believed = this.#followsFlag(spanContext)
      ? context
      : trace.setSpanContext(context, withoutSampled(spanContext));
    return { context: believed, linkOnly: linkOnly || !this.#mayGrow(spanContext.traceId) };
  }

  #followsFlag(spanContext: SpanContext): boolean {
    if (!isSampled(spanContext) || this.#perSecond === Infinity) return true;
    if (this.#perSecond > 0) {
      const now = performance.now();
      const earned = ((now - this.#refilled) / 1000) * this.#perSecond;
      this.#tokens = Math.min(Math.max(1, this.#perSecond), this.#tokens + earned);
      this.#refilled = now;
      if (this.#tokens >= 1) {
        this.#tokens--;
        return true;
      }
    }
    countDroppedHeader('sampled-flag-ignored');
    return false;
  }

  #mayGrow(traceId: string): boolean {
    if (this.#perTrace === Infinity) return true;
    const messages = this.#messages.get(traceId) ?? 0;
    this.#messages.set(traceId, messages + 1);
    if (messages < this.#perTrace) return true;
    countDroppedHeader('trace-too-large');
    return false;
  }
}

function perSecond(sampled: TrustRules['sampled']): number {
  if (sampled === undefined || sampled === 'follow') return Infinity;
  return sampled === 'ignore' ? 0 : sampled.perSecond;
}

/** Clears the flag, and the equivalent threshold (`th` of OpenTelemetry's member) for consistent samplers. */
function withoutSampled(spanContext: SpanContext): SpanContext {
  const cleared = { ...spanContext, traceFlags: spanContext.traceFlags & ~TraceFlags.SAMPLED };
  const ot = spanContext.traceState?.get('ot');
  if (spanContext.traceState === undefined || ot === undefined || !ot.includes('th:')) return cleared;
  const kept = ot.split(';').filter((part) => !part.startsWith('th:'));
  const state = new W3CTraceState(spanContext.traceState.serialize());
  return { ...cleared, traceState: kept.length === 0 ? state.unset('ot') : state.set('ot', kept.join(';')) };
}

function checkTrust(trust: unknown, where: string): TrustRules {
  if (levels.has(trust)) return { context: trust as TrustLevel };
  const expected = `'continue', 'link', 'ignore' or an object of ${names.join(', ')}`;
  if (!isRecord(trust)) throw invalidOption(where, trust, expected);
  checkNames(where, trust, names);
  const rules = trust as TrustRules;
  if (rules.context !== undefined && !levels.has(rules.context)) {
    throw invalidOption(`${where}.context`, rules.context, `'continue', 'link' or 'ignore'`);
  }
  checkSampled(rules.sampled, `${where}.sampled`);
  const most = rules.messagesPerTrace;
  if (most !== undefined && !(Number.isInteger(most) && most >= 0)) {
    throw invalidOption(`${where}.messagesPerTrace`, most, 'a whole number, 0 or more');
  }
  return rules;
}

function checkSampled(sampled: TrustRules['sampled'] | null, where: string): void {
  if (sampled === undefined || sampled === 'follow' || sampled === 'ignore') return;
  const expected = `'follow', 'ignore' or { perSecond: number }`;
  if (!isRecord(sampled)) throw invalidOption(where, sampled, expected);
  checkNames(where, sampled, ['perSecond']);
  const limit: unknown = sampled.perSecond;
  if (typeof limit !== 'number' || !Number.isFinite(limit) || limit < 0) {
    throw invalidOption(where, sampled, expected);
  }
}
