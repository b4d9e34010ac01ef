// Observes how an observable of RxJS ends, without a dependency on RxJS.
import { isRecord } from '../common/check-options.ts';

interface Observer {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

interface Subscriber extends Observer {
  readonly closed: boolean;
}

interface Subscription {
  unsubscribe(): void;
}

interface Observable {
  subscribe(observer: Observer): Subscription;
}

type ObservableClass = new (subscribe: (subscriber: Subscriber) => () => void) => unknown;

/** What to do with one subscription. */
export interface Observing {
  /** Subscribes: everything that the source does at once runs in it. */
  readonly run: (subscribe: () => Subscription) => Subscription;
  readonly failed: (error: unknown) => void;
  /** Called at the end, also after an error and when the subscriber unsubscribes. It may be called twice. */
  readonly ended: () => void;
}

/**
 * An observable with the same values, error and end.
 *
 * @param start - called for each subscription; undefined to leave it as it is.
 * @returns the source itself, if it is no observable of RxJS.
 */
export function observe<O>(source: O, start: () => Observing | undefined): O {
  const Class = classOf(source);
  if (Class === undefined) return source;
  const observable = source as Observable;
  return new Class((subscriber) => {
    const observing = start();
    if (observing === undefined) {
      const passed = observable.subscribe(subscriber);
      return () => passed.unsubscribe();
    }
    const { run, failed, ended } = observing;
    let subscription: Subscription | undefined;
    const observer: Observer = {
      next(value) {
        subscriber.next(value);
        if (subscriber.closed) subscription?.unsubscribe();
      },
      error(error) {
        failed(error);
        ended();
        subscriber.error(error);
      },
      complete() {
        ended();
        subscriber.complete();
      },
    };
    subscription = run(() => observable.subscribe(observer));
    return () => {
      subscription?.unsubscribe();
      ended();
    };
  }) as O;
}

/** The class `Observable` of the copy of RxJS that created it: a subject is created by a subclass. */
function classOf(source: unknown): ObservableClass | undefined {
  if (!isRecord(source) || typeof source['subscribe'] !== 'function') return undefined;
  let prototype = Object.getPrototypeOf(source) as object | null;
  while (prototype !== null && !Object.hasOwn(prototype, 'pipe')) {
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return prototype?.constructor as ObservableClass | undefined;
}
