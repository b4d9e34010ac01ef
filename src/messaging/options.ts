// The options that all wrappers share, and their checks.
import type { TracerProvider } from '@opentelemetry/api';
import { checkNames, isRecord } from '../common/check-options.ts';
import { describe, invalidOption, MqtraceError } from '../common/errors.ts';
import type { BaggageRules, PropagatorChoice, Trust } from '../propagation/index.ts';
import type { PipelineOptions } from './pipeline-policy.ts';
import type { SemconvVersion } from './semconv.ts';

/**
 * Where the span that processes one message belongs.
 *
 * - `'parent'`: in the producer's trace, as a child of the message's creation context, which it also links.
 * - `'link'`: in a trace of its own (or under the span that is active when `processMessage` is called), linking the creation
 *   context.
 * - `'auto'`: `'link'` under an active span, else `'parent'`.
 *
 * Baggage is active whichever is chosen.
 */
export type Parenting = 'parent' | 'link' | 'auto';

/** Options that every wrapper takes. */
export interface TraceOptions {
  /** Where spans come from. Default: the provider registered with OpenTelemetry's API, now or later. */
  tracerProvider?: TracerProvider | undefined;
  /** Which propagator writes and reads message headers. Default `'global'`. */
  propagator?: PropagatorChoice | undefined;
  /**
   * Names of the attributes. Default `'latest'`. `OTEL_SEMCONV_STABILITY_OPT_IN=messaging/dup` (or `messaging`) wins over it.
   */
  semconv?: SemconvVersion | undefined;
  /** Where process spans belong, for all destinations or by destination name. Default `'parent'`. */
  parenting?: Parenting | ((destination: string) => Parenting) | undefined;
  /**
   * What to do with a message that carries a valid creation context already: give it a new one, or keep it, send it unchanged and
   * link it (a message relayed on behalf of someone else). Default `'replace'`.
   */
  existingContext?: 'replace' | 'keep' | undefined;
  /**
   * Which baggage is sent and which is let in, for all destinations or by destination name. A function is asked once for a
   * destination. Default: all of it.
   */
  baggage?: BaggageRules | ((destination: string) => BaggageRules | undefined) | undefined;
  /**
   * How far the trace context of received messages is believed, for all destinations or by destination name. A function is asked
   * once for a destination; limits are counted together for all to which it gives the same object (beyond 1000 destinations, an
   * equal one). Default `'continue'`.
   */
  trust?: Trust | ((destination: string) => Trust | undefined) | undefined;
  /**
   * Whether messages carry where and when their pipeline started, in a member of `tracestate`, and consumers record how long ago that
   * was: `mqtrace.pipeline.age`, as a metric and on process spans. `true`, or names of pipelines. Default: off.
   */
  pipelines?: boolean | PipelineOptions | undefined;
  /**
   * Whether messages that are CloudEvents in binary mode get the Distributed Tracing extension (the trace in which their journey
   * started), and are read by it where they have no `traceparent`. Default false.
   */
  cloudEvents?: boolean | undefined;
  /**
   * Whether settling messages (ack, nack, reject, commit, XACK) makes spans of its own. False halves the spans of a consumer that
   * settles each message; process spans end as before. Default true.
   */
  settleSpans?: boolean | undefined;
  /**
   * Whether messages as nearly every writer makes them are read by a fast path, with the same result. False rules it out, so that
   * every message is read as unusual ones are: to find out whether a fault comes from there. Default true.
   */
  fastPath?: boolean | undefined;
}

const choices: Record<string, readonly string[]> = {
  semconv: ['latest', 'dup', '1.30'],
  existingContext: ['replace', 'keep'],
};
const switches = ['cloudEvents', 'settleSpans', 'fastPath'];
const names = [
  'tracerProvider',
  'propagator',
  'parenting',
  'baggage',
  'trust',
  'pipelines',
  ...switches,
  ...Object.keys(choices),
];

/**
 * @param where - the wrapper's name, for messages.
 * @param more - names of the options that this wrapper takes beyond the common ones.
 * @throws MqtraceError `INVALID_OPTION` for unknown names and wrong values
 * @internal
 */
export function checkOptions(where: string, options: unknown, more: readonly string[] = []): void {
  if (!isRecord(options)) throw invalidOption(`${where} options`, options, 'an object');
  checkNames(where, options, [...names, ...more]);
  const given = options;
  for (const [name, allowed] of Object.entries(choices)) {
    const value = given[name];
    if (value !== undefined && !allowed.includes(value as string)) {
      throw invalidOption(`${where}({ ${name} })`, value, allowed.map((choice) => `'${choice}'`).join(', '));
    }
  }
  const parenting = given['parenting'];
  if (parenting !== undefined && typeof parenting !== 'function' && !isParenting(parenting)) {
    throw invalidOption(
      `${where}({ parenting })`,
      parenting,
      `'parent', 'link', 'auto' or a function of the destination`,
    );
  }
  for (const name of switches) {
    const value = given[name];
    if (value !== undefined && typeof value !== 'boolean') {
      throw invalidOption(`${where}({ ${name} })`, value, 'true or false');
    }
  }
  const provider = given['tracerProvider'] as { getTracer?: unknown } | undefined;
  if (provider !== undefined && typeof provider?.getTracer !== 'function') {
    throw invalidOption(`${where}({ tracerProvider })`, provider, 'a TracerProvider');
  }
}

/** @internal */
export function isParenting(value: unknown): value is Parenting {
  return value === 'parent' || value === 'link' || value === 'auto';
}

function isThenable(given: unknown): boolean {
  return typeof (given as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * Checks that what is to be wrapped has the methods that make it what it should be.
 *
 * @throws MqtraceError `INVALID_CLIENT`
 * @internal
 */
export function checkClient(where: string, given: unknown, methods: readonly string[], expected: string): void {
  const client = given as Record<string, unknown> | null | undefined;
  const missing =
    typeof given === 'object' && given !== null
      ? methods.filter((name) => typeof client?.[name] !== 'function')
      : methods;
  if (missing.length > 0) {
    if (isThenable(given)) {
      throw new MqtraceError(
        'INVALID_CLIENT',
        `${where}: expected ${expected}, got a promise; await it first: ${where}(await …)`,
      );
    }
    throw new MqtraceError(
      'INVALID_CLIENT',
      `${where}: expected ${expected}, got ${describe(given)} without ${missing.join(', ')}()`,
    );
  }
}
