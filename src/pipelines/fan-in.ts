import {
  type Attributes,
  type Context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { runHandler } from '../messaging/handler.ts';
import { Operation } from '../messaging/operation.ts';
import { ATTR_LINKS_PART } from '../messaging/semconv.ts';
import { version } from '../common/version.ts';
import { commonBaggage, type ContextSource, linksTo } from './context-source.ts';

/** Links beyond the SDK's default limit for one span would be dropped silently. */
const linksPerSpan = 128;

/** Options of {@link fanIn}. */
export interface FanInOptions {
  attributes?: Attributes;
  /** What the span is a child of. Default: the root context, so a new trace. */
  parent?: Context;
  /** `'common'` (default): the entries that all inputs have with the same value are active; `'none'`: the parent's own. */
  baggage?: 'common' | 'none';
  /** Default: that of the registered provider. */
  tracer?: Tracer;
}

/**
 * Runs `fn` in one span that links all inputs (an aggregate over many messages, rows or branches), and returns what it returns.
 * The span ends when the promise that `fn` returns settles, else when it returns; an error is recorded and goes on to the caller.
 * More than 128 inputs are linked from further spans of the same name beneath it, none is lost.
 *
 *     await fanIn('close the day', rows.map((row) => row.context), () => producer.send({ topic: 'totals', messages: [total] }));
 */
export function fanIn<R>(
  name: string,
  inputs: Iterable<ContextSource>,
  fn: (span: Span | undefined) => R,
  options: FanInOptions = {},
): R {
  const operation = start(name, [...inputs], options);
  return runHandler(operation, () => fn(operation.span));
}

function start(name: string, inputs: readonly ContextSource[], options: FanInOptions): Operation {
  const parent = options.parent ?? ROOT_CONTEXT;
  const spans: Span[] = [];
  let context = parent;
  try {
    const tracer = options.tracer ?? trace.getTracer('mqtrace', version);
    const links = linksTo(inputs);
    const common = options.baggage === 'none' ? undefined : commonBaggage(inputs);
    if (common !== undefined) context = propagation.setBaggage(context, common);
    const attributes = { ...options.attributes };
    const span = tracer.startSpan(name, { attributes, links: links.slice(0, linksPerSpan) }, context);
    spans.push(span);
    context = trace.setSpan(context, span);
    for (let part = 1; span.isRecording() && part * linksPerSpan < links.length; part++) {
      const more = { attributes: { ...attributes, [ATTR_LINKS_PART]: part + 1 } };
      const rest = links.slice(part * linksPerSpan, (part + 1) * linksPerSpan);
      spans.push(tracer.startSpan(name, { ...more, links: rest }, context));
    }
  } catch (error) {
    reportFault('starting a fan-in span', error);
  }
  return new Operation(context, spans);
}
