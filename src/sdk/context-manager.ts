// Implements a context manager, which keeps the active context across asynchronous calls.
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { type Context, type ContextManager, ROOT_CONTEXT } from '@opentelemetry/api';
import { markExact } from '../common/exact-manager.ts';

type Listener = (...args: unknown[]) => void;
type AddListener = (event: string | symbol, listener: Listener) => EventEmitter;

/** A listener that Node's `removeListener` finds by the application's original listener. */
type BoundListener = Listener & { listener?: Listener };

/**
 * A context manager on AsyncLocalStorage.
 *
 * @internal
 */
export class AsyncContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();
  readonly #boundEmitters = new WeakSet<EventEmitter>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const call = thisArg === undefined || thisArg === null ? fn : fn.bind(thisArg);
    return this.#storage.run(context, call, ...args);
  }

  bind<T>(context: Context, target: T): T {
    if (target instanceof EventEmitter) this.#bindEmitter(context, target);
    else if (typeof target === 'function') return this.#bindFunction(context, target as unknown as Listener) as T;
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#storage.disable();
    return this;
  }

  /** Called by newer versions of the API; its documentation says when the context is left. */
  attach(context: Context): { dispose(): void } {
    const previous = this.#storage.getStore();
    this.#storage.enterWith(context);
    let disposed = false;
    return {
      dispose: () => {
        // The type does not allow undefined, which restores the storage.
        if (!disposed) this.#storage.enterWith(previous as Context);
        disposed = true;
      },
    };
  }

  #bindFunction(context: Context, fn: Listener): Listener {
    const storage = this.#storage;
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return storage.run(context, () => Reflect.apply(fn, this, args) as unknown);
    };
    Object.defineProperty(bound, 'length', { configurable: true, value: fn.length });
    return bound;
  }

  /** Listeners that are added from now on run in the context. If the emitter is bound again, the first context is used. */
  #bindEmitter(context: Context, emitter: EventEmitter): void {
    if (this.#boundEmitters.has(emitter)) return;
    this.#boundEmitters.add(emitter);
    const bind = (listener: Listener): BoundListener => {
      // A value that is not a function is passed through, so that the emitter throws its own error.
      if (typeof listener !== 'function') return listener;
      const bound: BoundListener = this.#bindFunction(context, listener);
      bound.listener = listener;
      return bound;
    };
    // Not enumerable, as the methods of the prototype are not.
    const replace = (name: string, value: AddListener): void => {
      Object.defineProperty(emitter, name, { value, configurable: true, writable: true });
    };
    for (const [name, onceName] of [
      ['on', 'once'],
      ['addListener', undefined],
      ['prependListener', 'prependOnceListener'],
    ] as const) {
      const add = emitter[name] as AddListener;
      replace(name, (event, listener) => add.call(emitter, event, bind(listener)));
      if (onceName === undefined) continue;
      replace(onceName, (event, listener) => {
        const bound = bind(listener);
        if (typeof listener !== 'function') return add.call(emitter, event, bound);
        const first: BoundListener = function (this: EventEmitter, ...args): void {
          emitter.removeListener(event, first);
          Reflect.apply(bound, this, args);
        };
        first.listener = listener;
        return add.call(emitter, event, first);
      });
    }
  }
}

markExact(AsyncContextManager);
