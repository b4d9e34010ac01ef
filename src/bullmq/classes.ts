// Traces all queues, workers and flow producers of a BullMQ, for applications that do not set its `telemetry` option.
import {
  guard,
  isTracedExplicitly,
  type Method,
  replaceClassMethod,
  replaceClassMethodWhile,
} from '../messaging/index.ts';
import type { TraceBullmqOptions } from './options.ts';
import { bullmqTelemetry } from './telemetry.ts';
import { allWithOptions, withOptions } from './trace-flow-producer.ts';
import { traceProcessing } from './trace-worker.ts';
import type { BullmqTelemetry } from './types.ts';

interface Class {
  prototype: object;
}

/** The options with which BullMQ is currently traced; undefined while it is not traced. */
type Current = () => TraceBullmqOptions | undefined;

/** One telemetry for all objects that have the same options. */
const telemetries = new WeakMap<TraceBullmqOptions, BullmqTelemetry>();
/** Objects that were seen: one that had no telemetry when it was first used keeps none. */
const seen = new WeakSet<object>();

/** Sets the telemetry of an object that has none, when it is first used. */
function adopt(user: object, holder: unknown, current: Current): void {
  if (seen.has(user)) return;
  seen.add(user);
  const options = current();
  const { telemetry: present } = holder as { telemetry?: unknown };
  if (options === undefined || (present !== undefined && present !== null)) return;
  const telemetry = telemetries.get(options) ?? bullmqTelemetry(options);
  telemetries.set(options, telemetry);
  (holder as { telemetry: unknown }).telemetry = telemetry;
}

function adoptBefore(prototype: object, name: string, current: Current): void {
  replaceClassMethod(
    prototype,
    name,
    (raw) =>
      function adopting(this: { opts: unknown }, ...args: unknown[]): unknown {
        guard('tracing BullMQ', () => adopt(this, this.opts, current));
        return raw.apply(this, args);
      },
  );
}

/**
 * Gives all queues and workers a telemetry. Every operation reads it in this class' method `trace`.
 *
 * @param queue - the class `QueueBase`, whose constructor copies the application's options.
 * @internal
 */
export function traceQueueClass(queue: Class, current: Current): void {
  adoptBefore(queue.prototype, 'trace', current);
}

/** Lets all workers pass on what BullMQ does not pass to its telemetry, as `traceWorker` does. @internal */
export function traceWorkerClass(worker: Class, current: Current): void {
  // It reads the telemetry before its first operation.
  adoptBefore(worker.prototype, 'run', current);
  traceProcessing((name, make) => replaceClassMethodWhile(worker.prototype, name, () => current() !== undefined, make));
}

/** Gives all flow producers a telemetry, and all jobs of their flows the context, as `traceFlowProducer` does. @internal */
export function traceFlowProducerClass(producer: Class, current: Current): void {
  const adding = (copy: (given: unknown) => unknown) => (raw: Method) =>
    function add(this: { telemetry?: unknown }, given: unknown, ...rest: unknown[]): unknown {
      guard('tracing BullMQ', () => adopt(this, this, current));
      const telemetry = this.telemetry as object | undefined;
      const isOurs = telemetry !== undefined && telemetries.get(current() ?? {}) === telemetry;
      const copied = isOurs && !isTracedExplicitly(this) ? guard('copying a flow', () => copy(given)) : undefined;
      return raw.call(this, copied ?? given, ...rest);
    };
  const isOn = (): boolean => current() !== undefined;
  replaceClassMethodWhile(producer.prototype, 'add', isOn, adding(withOptions));
  replaceClassMethodWhile(producer.prototype, 'addBulk', isOn, adding(allWithOptions));
}
