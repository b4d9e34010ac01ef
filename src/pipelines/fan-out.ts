// fanOut(): branches of one operation, as children or as traces of their own.
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
   * `'child'`: branches are spans of the current trace. `'link'`: each is a trace of its own that links it. `'auto'` (default):
   * children up to `children` branches, links beyond, since one trace of thousands of branches can neither be sampled nor read.
   */
  trace?: 'child' | 'link' | 'auto' | undefined;
  /** Up to how many branches `'auto'` makes children. Default 100. */
  children?: number | undefined;
  attributes?: Attributes | undefined;
  /** Default: that of the registered provider. */
  tracer?: Tracer | undefined;
}

/**
 * Runs `fn` for each item in a span and context of its own, and returns what it returned for each, in order: await them with
 * `Promise.all`. Baggage is active in every branch. A synchronous throw ends the fan-out, as it would end a loop.
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
