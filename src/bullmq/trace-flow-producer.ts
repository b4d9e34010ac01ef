// Implements traceFlowProducer(): every job of a flow carries the context.
import { checkClient, claim, guard, replaceMethod } from '../messaging/index.ts';
import { type TraceBullmqOptions, checkBullmqOptions } from './options.ts';
import { useTelemetry } from './telemetry.ts';
import type { FlowProducerLike } from './types.ts';

interface FlowNode {
  readonly opts?: unknown;
  readonly children?: unknown;
}

/** Flows are trees built by the application; deeper ones than this are not changed. */
const deepest = 1000;

/**
 * Traces a BullMQ flow producer, and returns it. BullMQ stores the context only with jobs that have options: each job of a flow
 * without options gets empty ones, in a copy of the tree.
 *
 * A flow producer without a `telemetry` option gets one with these options; otherwise give the options there.
 *
 *     const flows = traceFlowProducer(new FlowProducer({ connection }));
 *
 * @throws MqtraceError `INVALID_CLIENT` if it is not a flow producer of BullMQ, `INVALID_OPTION` for invalid options
 */
export function traceFlowProducer<P extends FlowProducerLike>(producer: P, options: TraceBullmqOptions = {}): P {
  checkClient('traceFlowProducer', producer, ['add', 'addBulk'], 'a FlowProducer of BullMQ 5 or 6');
  checkBullmqOptions('traceFlowProducer', options);
  if (!claim(producer, 'traceFlowProducer', options)) return producer;
  useTelemetry('traceFlowProducer', producer as unknown as Record<string, unknown>, options);
  replaceMethod(producer, 'add', (raw) => {
    return function (this: unknown, flow: unknown, ...rest: unknown[]) {
      return raw.call(this, guard('copying a flow', () => withOptions(flow)) ?? flow, ...rest);
    };
  });
  replaceMethod(producer, 'addBulk', (raw) => {
    return function (this: unknown, flows: unknown, ...rest: unknown[]) {
      return raw.call(this, guard('copying flows', () => allWithOptions(flows)) ?? flows, ...rest);
    };
  });
  return producer;
}

/**
 * A copy of a node and its descendants, with options everywhere; other values are returned unchanged, so that BullMQ throws its own
 * error. @internal
 */
export function withOptions(node: unknown, depth: number = 0): unknown {
  if (typeof node !== 'object' || node === null || depth > deepest) return node;
  const { opts, children } = node as FlowNode;
  const copy = Object.assign({}, node) as Record<string, unknown>;
  if (opts === undefined || opts === null) copy['opts'] = {};
  if (Array.isArray(children)) copy['children'] = children.map((child: unknown) => withOptions(child, depth + 1));
  return copy;
}

/** The same for the argument of `addBulk`. @internal */
export function allWithOptions(flows: unknown): unknown {
  return Array.isArray(flows) ? flows.map((flow: unknown) => withOptions(flow)) : flows;
}
