import {
  type Attributes,
  context as contextApi,
  type Span,
  type SpanContext,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { runHandler } from '../messaging/handler.ts';
import { Operation } from '../messaging/operation.ts';
import { version } from '../common/version.ts';

/** Options of {@link fanOut}. */
export interface FanOutOptions {
  /**
   * `'child'`: branches are spans of the current trace. `'link'`: each is a trace of its own that links it. `'auto'` (default):
   * children up to `children` branches, links beyond, since one trace of thousands of branches can neither be sampled nor read.
   */
  trace?: 'child' | 'link' | 'auto';
  /** Up to how many branches `'auto'` makes children. Default 100. */
  children?: number;
  attributes?: Attributes;
  /** Default: that of the registered provider. */
  tracer?: Tracer;
}

/**
 * Runs `fn` for each item in a span and context of its own, and returns what it returned for each, in order: await them with
 * `Promise.all`. Baggage is active in every branch. A synchronous throw ends the fan-out, as it would end a loop.
 */
export function fanOut<T, R>(
  name: string,
  items: readonly T[],
  fn: (item: T, index: number, span: Span | undefined) => R,
  options: FanOutOptions = {},
): R[] {
  const many = items.length > (options.children ?? 100);
  const detached = options.trace === 'link' || (options.trace !== 'child' && many);
  return items.map((item, index) => {
    const operation = startBranch(name, detached, options);
    return runHandler(operation, () => fn(item, index, operation.span));
  });
}

function startBranch(name: string, detached: boolean, options: FanOutOptions): Operation {
  const active = contextApi.active();
  try {
    const tracer = options.tracer ?? trace.getTracer('mqtrace', version);
    const origin = trace.getSpanContext(active);
    const parent = detached ? trace.deleteSpan(active) : active;
    const links = detached && isValid(origin) ? [{ context: origin }] : [];
    const span = tracer.startSpan(name, { attributes: { ...options.attributes }, links }, parent);
    return new Operation(trace.setSpan(parent, span), [span]);
  } catch (error) {
    reportFault('starting a fan-out span', error);
    return new Operation(active);
  }
}

function isValid(spanContext: SpanContext | undefined): spanContext is SpanContext {
  return spanContext !== undefined && trace.isSpanContextValid(spanContext);
}
