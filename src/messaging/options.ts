// Defines the options that all wrappers share, and validates them.
import type { Span, TracerProvider } from '@opentelemetry/api';
import { checkNames, isRecord } from '../common/check-options.ts';
import { describe, invalidOption, MqtraceError } from '../common/errors.ts';
import type { BaggageRules, PropagatorChoice, Trust } from '../propagation/index.ts';
import type { CaptureHeaders } from './capture-headers.ts';
import type { MessageView } from './message-view.ts';
import type { PipelineOptions } from './pipeline-policy.ts';
import type { SemconvVersion } from './semconv.ts';

/**
 * The parent of the process span of a message.
 *
 * - `'parent'`: the message's creation context, in the producer's trace; the span also links it.
 * - `'link'`: none, in a new trace that links the creation context; or the span that is active when `processMessage` is called.
 * - `'auto'`: `'link'` if a span is active, as in a batch, else `'parent'`. OpenTelemetry's Java agent does the same
 *   with `OTEL_SEMCONV_STABILITY_OPT_IN=messaging`.
 *
 * Baggage is active in every case.
 */
export type Parenting = 'parent' | 'link' | 'auto';

/** Called with the span of a message that is recorded, and a view of the message. An error that it throws is a counted fault. */
export type MessageHook = (span: Span, message: MessageView) => void;

/** Options of every wrapper. */
export interface TraceOptions {
  /** The provider that creates spans. Default: the provider registered with OpenTelemetry's API, now or later. */
  tracerProvider?: TracerProvider | undefined;
  /** The propagator that writes and reads message headers. Default `'global'`. */
  propagator?: PropagatorChoice | undefined;
  /**
   * Names of the attributes. Default `'latest'`. `OTEL_SEMCONV_STABILITY_OPT_IN=messaging/dup` (or `messaging`) takes precedence.
   */
  semconv?: SemconvVersion | undefined;
  /** The parent of process spans, for all destinations or by destination name. Default `'parent'`. */
  parenting?: Parenting | ((destination: string) => Parenting) | undefined;
  /**
   * How to send a message that already has a valid creation context: replace the context, or keep it, send the message unchanged
   * and link it (for relayed messages). Default `'replace'`.
   */
  existingContext?: 'replace' | 'keep' | undefined;
  /**
   * Which baggage is sent and which is accepted, for all destinations or by destination name. A function is called once per
   * destination. Default: all baggage.
   */
  baggage?: BaggageRules | ((destination: string) => BaggageRules | undefined) | undefined;
  /**
   * How far the trace context of received messages is trusted, for all destinations or by destination name. A function is called
   * once per destination; destinations for which it returns the same object (beyond 1000 destinations, an equal one) share their
   * limits. Default `'continue'`.
   */
  trust?: Trust | ((destination: string) => Trust | undefined) | undefined;
  /**
   * Whether messages carry the name and start time of their pipeline in a member of `tracestate`, and consumers record the time
   * since then: `mqtrace.pipeline.age`, as a metric and on process spans. `true`, or names of pipelines. Default: off.
   */
  pipelines?: boolean | PipelineOptions | undefined;
  /**
   * Whether the Distributed Tracing extension (with the trace in which an event started) is written to CloudEvents in binary mode,
   * and read if they have no `traceparent`. Default false.
   */
  cloudEvents?: boolean | undefined;
  /**
   * Whether settling messages (ack, nack, reject, commit, XACK) creates spans. `false` halves the number of spans of a consumer
   * that settles each message; process spans are not affected. Default true.
   */
  settleSpans?: boolean | undefined;
  /**
   * Whether each message of a send of several has a `create` span, whose context the message carries. `false`: there is one PRODUCER
   * span, and all messages carry its context. Default true.
   */
  createSpans?: boolean | undefined;
  /**
   * Destinations whose operations have no spans: names and patterns with `*`, or a function, which is called once per destination.
   * Context and baggage are propagated, and metrics count. Default: none.
   */
  ignoreDestinations?: readonly string[] | ((destination: string) => boolean) | undefined;
  /**
   * Destinations whose messages start a new trace when they are sent: names and patterns with `*`, or a function, which is called
   * once per destination. The span of the send links the active span, and baggage is sent. Default: none.
   */
  newTrace?: readonly string[] | ((destination: string) => boolean) | undefined;
  /**
   * `peer.service` of PRODUCER and CLIENT spans: the name of the broker in service graphs, if no consumer is paired with a span.
   * Default: none.
   */
  peerService?: string | undefined;
  /**
   * Whether an error of a handler or a call is expected: then its span has no error status, no `error.type` and no exception event.
   * Metrics count it as a failure. Called only for spans that record. Default: no error is expected.
   */
  isExpectedError?: ((error: unknown) => boolean) | undefined;
  /**
   * Headers that become attributes `messaging.header.<name>`, with the name in lower case, of the spans of single messages (`send`,
   * `create`, `process`, `get`): names and patterns with `*`, or also what is redacted. At most 32 headers of a message are captured,
   * with 1024 characters of each value; trace headers are not. Only for spans that record. Default: none.
   */
  captureHeaders?: readonly string[] | CaptureHeaders | undefined;
  /** Whether spans of single messages have `messaging.message.body.size`, in bytes, if the client has a body. Default false. */
  bodySize?: boolean | undefined;
  /**
   * Called with the span of each message that is sent, before it is sent. Only for spans that record. It cannot change the message,
   * and what it throws is a counted fault.
   */
  onSend?: MessageHook | undefined;
  /** As `onSend`, for each message that is processed, before its handler is called, outside the context of the span. */
  onProcess?: MessageHook | undefined;
  /**
   * Whether common messages are read and sent by a fast path, with the same result. Set it to `false` to handle every message by the
   * general path, to find out whether a problem is caused by the fast path. Default true.
   */
  fastPath?: boolean | undefined;
}

const choices: Record<string, readonly string[]> = {
  semconv: ['latest', 'dup', '1.30'],
  existingContext: ['replace', 'keep'],
};
const switches = ['bodySize', 'cloudEvents', 'createSpans', 'settleSpans', 'fastPath'];
const names = [
  'tracerProvider',
  'propagator',
  'parenting',
  'baggage',
  'trust',
  'pipelines',
  'ignoreDestinations',
  'newTrace',
  'peerService',
  'isExpectedError',
  'captureHeaders',
  'onSend',
  'onProcess',
  ...switches,
  ...Object.keys(choices),
];

/**
 * @param where - the wrapper's name, for messages.
 * @param more - names of the additional options of this wrapper.
 * @throws MqtraceError `INVALID_OPTION` for unknown names and invalid values
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
  const peer = given['peerService'];
  if (peer !== undefined && (typeof peer !== 'string' || peer === '')) {
    throw invalidOption(`${where}({ peerService })`, peer, 'a non-empty string');
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
 * Checks that an object has the methods of the client to wrap.
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
