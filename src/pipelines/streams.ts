// Keeps a context with the chunks of an object stream or the jobs of a queue.
import type { EventEmitter } from 'node:events';
import { type Context, context as contextApi } from '@opentelemetry/api';
import { checkFunction } from '../common/check-options.ts';
import { activeContext, runInContext } from '../common/active-context.ts';
import { reportFault } from '../common/faults.ts';

const kept = new WeakMap<object, Context>();

/**
 * Remembers a context with an object, for as long as the object lives, and returns the object: a chunk of a stream, a job of an
 * in-memory queue, a row of a batch. AsyncLocalStorage follows calls, not data; where data waits for someone else's call, its
 * context must travel with it.
 *
 * @param context - default: the active context.
 */
export function keepContext<T extends object>(object: T, context: Context = activeContext()): T {
  kept.set(object, context);
  return object;
}

/** The context that was kept with an object; undefined where none was. */
export function keptContext(object: unknown): Context | undefined {
  return typeof object === 'object' && object !== null ? kept.get(object) : undefined;
}

/**
 * A stage for `stream.pipeline` that runs `fn` for each chunk in the chunk's own context (see {@link keepContext}), and keeps that
 * context with what `fn` makes of it, for the next stage. A chunk without one runs in the context in which the stage was made.
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
 * Listeners added to this emitter from now on run in the context given, wherever the event is emitted from; else they run in the
 * emitter's. Returns the emitter. Without a context manager it does nothing.
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
