// Implements fanOut(): runs the branches of one operation as child spans or as new traces.
import { type Attributes, type Span, trace, type Tracer } from '@opentelemetry/api';
import { checkFunction, checkNames } from '../common/check-options.ts';
import { activeContext } from '../common/active-context.ts';
import { runHandler } from '../messaging/handler.ts';
import { validSpanContext } from '../messaging/messaging.ts';
import { Operation } from '../messaging/operation.ts';
import { startSpans } from '../messaging/spans.ts';
import { tracerFrom } from '../messaging/tracer.ts';

/** Options of {@link fanOut}. */
export interface FanOutOptions {
  /**
   * `'child'`: branches are spans of the current trace. `'link'`: each branch starts a new trace that links the current one.
   * `'auto'` (default): child spans for up to `children` branches, else links, because a trace of thousands of branches can neither
   * be sampled nor read.
   */
  trace?: 'child' | 'link' | 'auto' | undefined;
  /** The highest number of branches that `'auto'` makes child spans. Default 100. */
  children?: number | undefined;
  attributes?: Attributes | undefined;
  /** Default: the tracer of the registered provider. */
  tracer?: Tracer | undefined;
}

/**
 * Runs `fn` for each item in a separate span and context, and returns the results in order: await them with `Promise.all`. Baggage
 * is active in every branch. A synchronous throw ends the fan-out, as it would end a loop.
 *
 * @throws MqtraceError `INVALID_OPTION`
 */
export function fanOut<T, R>(
  name: string,
  items: readonly T[],
  fn: (item: T, index: number, span: Span | undefined) => R,
  options: FanOutOptions = {},
): R[] {
  checkFunction('fanOut(name, items, fn)', fn);
  checkNames('fanOut', options, ['trace', 'children', 'attributes', 'tracer']);
  const many = items.length > (options.children ?? 100);
  const detached = options.trace === 'link' || (options.trace !== 'child' && many);
  return items.map((item, index) => {
    const operation = startBranch(name, detached, options);
    return runHandler(operation, () => fn(item, index, operation.span));
  });
}

function startBranch(name: string, detached: boolean, options: FanOutOptions): Operation {
  const active = activeContext();
  const origin = validSpanContext(active);
  const parent = detached ? trace.deleteSpan(active) : active;
  const links = detached && origin !== undefined ? [{ context: origin }] : [];
  const spanOptions = { attributes: { ...options.attributes }, links };
  const { spans, context } = startSpans(tracerFrom(options.tracer), name, spanOptions, parent);
  return new Operation(spans.length === 0 ? active : context, spans);
}
