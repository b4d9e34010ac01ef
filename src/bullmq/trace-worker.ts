// Implements traceWorker(), which adds data that BullMQ does not pass to its telemetry.
import { checkClient, claim, guard, isEagerPromise, type Method, replaceMethod } from '../messaging/index.ts';
import { type TraceBullmqOptions, checkBullmqOptions } from './options.ts';
import { processSpans } from './receiving.ts';
import { useTelemetry, whileStarting } from './telemetry.ts';
import type { JobLike, WorkerLike } from './types.ts';

/**
 * Traces a BullMQ worker completely, and returns it: with the error that the processor threw, the number of the attempt from its
 * start, and the waiting time of the job without its delay. With only `bullmqTelemetry` as the worker's `telemetry` option, BullMQ
 * provides none of these.
 *
 * A worker without a `telemetry` option gets one with these options; otherwise give the options there.
 *
 *     const worker = traceWorker(new Worker('orders', process, { connection }));
 *
 * @throws MqtraceError `INVALID_CLIENT` if it is not a worker of BullMQ, `INVALID_OPTION` for invalid options
 */
export function traceWorker<W extends WorkerLike>(worker: W, options: TraceBullmqOptions = {}): W {
  checkClient('traceWorker', worker, ['processJob', 'callProcessJob'], 'a Worker of BullMQ 5 or 6');
  checkBullmqOptions('traceWorker', options);
  if (!claim(worker, 'traceWorker', options)) return worker;
  useTelemetry('traceWorker', worker.opts as Record<string, unknown>, options);
  traceProcessing((name, make) => replaceMethod(worker, name, make));
  return worker;
}

/** Replaces the methods of one worker, or of the class of all. @internal */
export function traceProcessing(replace: (name: string, make: (raw: Method) => Method) => void): void {
  replace('processJob', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      return whileStarting((args[0] ?? {}) as JobLike, () => raw.apply(this, args));
    };
  });
  replace('callProcessJob', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      const note = (error: unknown): void => {
        const [job] = args;
        if (typeof job === 'object' && job !== null) processSpans.get(job)?.noteError(error);
      };
      let result: unknown;
      try {
        result = raw.apply(this, args);
      } catch (error) {
        guard('noting an error', () => note(error));
        throw error;
      }
      if (isEagerPromise(result)) {
        const observed = result;
        void guard('observing a promise', () => observed.then(undefined, note));
      }
      return result;
    };
  });
}
