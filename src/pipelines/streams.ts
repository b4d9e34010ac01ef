// Keeps a context with the chunks of an object stream or the jobs of a queue.
import type { EventEmitter } from 'node:events';
import { type Context, context as contextApi } from '@opentelemetry/api';
import { checkFunction } from '../common/check-options.ts';
import { activeContext, runInContext } from '../common/active-context.ts';
import { reportFault } from '../common/faults.ts';

const kept = new WeakMap<object, Context>();

/**
 * Associates a context with an object for the lifetime of the object, and returns the object: a chunk of a stream, a job of an
 * in-memory queue, a row of a batch. AsyncLocalStorage follows calls, not data. If data waits to be handled by another call, its
 * context has to be kept with it.
 *
 * @param context - default: the active context.
 */
export function keepContext<T extends object>(object: T, context: Context = activeContext()): T {
  kept.set(object, context);
  return object;
}

/** The context that was stored with an object; undefined if there is none. */
export function keptContext(object: unknown): Context | undefined {
  return typeof object === 'object' && object !== null ? kept.get(object) : undefined;
}

/**
 * A stage for `stream.pipeline` that runs `fn` for each chunk in the context kept with the chunk (see {@link keepContext}), and
 * keeps that context with the result for the next stage. A chunk without a context is handled in the context in which the stage was
 * created.
 *
 *     await pipeline(source, mapInContext(enrich), mapInContext(store));
 */
export function mapInContext<In, Out>(
  fn: (chunk: In) => Out | Promise<Out>,
): (source: AsyncIterable<In>) => AsyncGenerator<Out, void, undefined> {
  checkFunction('mapInContext(fn)', fn);
  const made = activeContext();
  return async function* map(source) {
    for await (const chunk of source) {
      const context = keptContext(chunk) ?? made;
      const result = await runInContext(context, () => fn(chunk));
      yield typeof result === 'object' && result !== null ? keepContext(result, context) : result;
    }
  };
}

/**
 * Runs listeners that are added to this emitter from now on in the given context, instead of the context in which the event is
 * emitted. Returns the emitter. Does nothing without a context manager.
 *
 * @param context - default: the active context.
 */
export function bindEmitter<T extends EventEmitter>(emitter: T, context: Context = activeContext()): T {
  try {
    contextApi.bind(context, emitter);
  } catch (error) {
    reportFault('binding an emitter', error);
  }
  return emitter;
}
