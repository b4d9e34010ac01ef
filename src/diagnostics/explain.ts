// Explains which trace context a message carries, and what a receiver would make of it.
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { kafkaHeaders } from '../../carriers/index.ts';
import { withoutCounting } from '../../carriers/dropped-headers.ts';
import { checkMethods, checkNames, checkNonEmptyString } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { isSampled } from '../common/is-sampled.ts';
import { ReceivePolicy } from '../messaging/receive-policy.ts';
import { isParenting, type TraceOptions } from '../messaging/options.ts';
import { resolvePropagator } from '../propagation/current-propagator.ts';
import { extractFrom } from '../propagation/inject-extract.ts';
import { mqtracePropagator } from '../propagation/propagator.ts';
import { explainHeaders } from './explain-headers.ts';
import { findHeaders } from './find-headers.ts';

/** Options of {@link explain}: those of the wrapper that would receive the message. */
export interface ExplainOptions extends Pick<TraceOptions, 'propagator' | 'trust' | 'baggage' | 'parenting'> {
  /** The message's format, if it cannot be derived from its shape. */
  adapter?: CarrierAdapter<unknown> | undefined;
  /** The name of the destination, for options that depend on it. */
  destination?: string | undefined;
}

/** The result of {@link explain}. */
export interface Explanation {
  /** `kafka`, `amqp`, `redis` or `http`. */
  format: string;
  /** Whether there is a valid W3C `traceparent`. */
  valid: boolean;
  /** One sentence for each header and for each effect on the receiver. */
  lines: string[];
  /** The lines as one text. */
  toString(): string;
}

/**
 * Describes the trace headers of a message: whether they are valid and sampled, which propagator wrote them, and what would happen
 * on receive. The description contains trace ids and baggage keys, but no values. Never throws for any message, and does not change
 * `droppedHeaders()`.
 *
 *     console.log(String(explain(message)));
 *
 * @param message - a message of kafkajs or amqplib, a Redis stream entry or its fields, an HTTP request, or headers.
 * @throws MqtraceError `INVALID_OPTION` for invalid options
 */
export function explain(message: unknown, options: ExplainOptions = {}): Explanation {
  checkExplainOptions(options);
  // Explaining a message is not receiving it, so nothing is counted.
  return withoutCounting(() => explainMessage(message, options));
}

function checkExplainOptions(options: ExplainOptions): void {
  checkNames('explain options', options, ['propagator', 'trust', 'baggage', 'parenting', 'adapter', 'destination']);
  const { adapter, destination, parenting } = options;
  if (adapter !== undefined)
    checkMethods(adapter, 'explain({ adapter })', ['get', 'getAll', 'keys'], 'a carrier adapter');
  if (destination !== undefined) checkNonEmptyString(destination, 'explain({ destination })');
  if (parenting !== undefined && typeof parenting !== 'function' && !isParenting(parenting)) {
    throw invalidOption('explain({ parenting })', parenting, "'parent', 'link', 'auto' or a function");
  }
}

function explainMessage(message: unknown, options: ExplainOptions): Explanation {
  const propagator = resolvePropagator(options.propagator, 'explain({ propagator })');
  const receivePolicy = new ReceivePolicy('explain', options);
  const { adapter, headers } = safely(() => findHeaders(message, options.adapter), {
    adapter: options.adapter ?? kafkaHeaders,
    headers: undefined,
  });
  const count = safely(() => adapter.keys(headers).length, 0);
  const one = adapter.name === 'redis' ? 'field' : 'header';
  const lines = [`${adapter.name} message with ${count} ${count === 1 ? one : `${one}s`}`];
  const told = safely(() => explainHeaders(adapter, headers), { lines: ['headers: not readable'], valid: false });
  lines.push(...told.lines);

  const fields = safely(() => propagator.fields(), []);
  const ours = propagator === mqtracePropagator ? "mqtrace's own" : 'the one in use';
  lines.push(`propagator: ${ours}, which reads ${fields.length === 0 ? 'nothing' : fields.join(', ')}`);
  const extracted = extractFrom(propagator, adapter, headers, ROOT_CONTEXT);
  const { context, linkOnly } = receivePolicy.received(extracted, options.destination);
  const spanContext = trace.getSpanContext(context);
  const parenting = safely(
    () => (typeof options.parenting === 'function' ? options.parenting(options.destination ?? '') : options.parenting),
    'parent' as const,
  );
  if (spanContext === undefined || !trace.isSpanContextValid(spanContext)) {
    const ignored = trace.getSpanContext(extracted) !== undefined;
    lines.push(
      `on receive: a new trace, because ${ignored ? 'the trust option ignores its trace' : 'it carries none'}`,
    );
  } else if (linkOnly || parenting === 'link') {
    lines.push(
      `on receive: a new trace that links span ${spanContext.spanId}, by the ${linkOnly ? 'trust' : 'parenting'} option`,
    );
  } else {
    const sampled = isSampled(spanContext) ? 'sampled' : 'not sampled';
    lines.push(`on receive: trace ${spanContext.traceId} continues, as ${sampled}, beneath span ${spanContext.spanId}`);
  }
  const keys =
    propagation
      .getBaggage(context)
      ?.getAllEntries()
      .map(([key]) => key) ?? [];
  lines.push(`on receive: ${keys.length === 0 ? 'no baggage is' : `baggage ${keys.join(', ')} is`} active`);
  return { format: adapter.name, valid: told.valid, lines, toString: () => lines.join('\n') };
}

function safely<T>(fn: () => T, otherwise: T): T {
  try {
    return fn();
  } catch {
    return otherwise;
  }
}
