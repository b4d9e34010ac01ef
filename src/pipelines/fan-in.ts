// Implements fanIn(): one span that links all of its inputs.
import {
  type Attributes,
  type Context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { checkFunction, checkNames } from '../common/check-options.ts';
import { reportFault } from '../common/faults.ts';
import { runHandler } from '../messaging/handler.ts';
import { Operation } from '../messaging/operation.ts';
import { startSpans } from '../messaging/spans.ts';
import { tracerFrom } from '../messaging/tracer.ts';
import { withOrigin } from '../propagation/pipeline-origin.ts';
import { commonBaggage, type ContextSource, linksTo, oldestOrigin } from './context-source.ts';

/** Options of {@link fanIn}. */
export interface FanInOptions {
  attributes?: Attributes | undefined;
  /** The parent of the span. Default: the root context, which starts a new trace. */
  parent?: Context | undefined;
  /** `'common'` (default): the entries that all inputs have with the same value are active; `'none'`: the baggage of the parent. */
  baggage?: 'common' | 'none' | undefined;
  /** Default: the tracer of the registered provider. */
  tracer?: Tracer | undefined;
}

/**
 * Runs `fn` in one span that links all inputs, for an aggregate over many messages, rows or branches, and returns its result. The
 * span ends when the promise that `fn` returns settles, else when `fn` returns; an error is recorded and reaches the caller. With
 * more than 128 inputs, the remaining ones are linked from child spans of the same name, so that no link is lost.
 *
 * @throws MqtraceError `INVALID_OPTION`
 *
 *     await fanIn('close the day', rows.map((row) => row.context), () => producer.send({ topic: 'totals', messages: [total] }));
 */
export function fanIn<R>(
  name: string,
  inputs: Iterable<ContextSource>,
  fn: (span: Span | undefined) => R,
  options: FanInOptions = {},
): R {
  checkFunction('fanIn(name, inputs, fn)', fn);
  checkNames('fanIn', options, ['attributes', 'parent', 'baggage', 'tracer']);
  const operation = start(name, [...inputs], options);
  return runHandler(operation, () => fn(operation.span));
}

function start(name: string, inputs: readonly ContextSource[], options: FanInOptions): Operation {
  let parent = options.parent ?? ROOT_CONTEXT;
  let links: Link[] = [];
  try {
    links = linksTo(inputs);
    const common = options.baggage === 'none' ? undefined : commonBaggage(inputs);
    if (common !== undefined) parent = propagation.setBaggage(parent, common);
    // An aggregate has the age of its oldest message.
    const origin = oldestOrigin(inputs);
    if (origin !== undefined) parent = withOrigin(parent, origin);
  } catch (error) {
    reportFault('reading the inputs of a fan-in', error);
  }
  const { spans, context } = startSpans(
    tracerFrom(options.tracer),
    name,
    { attributes: { ...options.attributes }, links },
    parent,
  );
  return new Operation(context, spans);
}
