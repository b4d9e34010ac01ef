// Implements operations without a span, which are only measured.
import { types } from 'node:util';
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { isEagerPromise } from '../common/eager-promise.ts';
import { errorType } from '../common/error-type.ts';
import { reportFault } from '../common/faults.ts';
import type { Failure } from './failure.ts';
import { awaitOnce, endWith, isThenable } from './handler.ts';
import type { Measurement } from './measurement.ts';
import type { OpenEntry, OpenOperations } from './open-operations.ts';
import { noOperation, type Operation } from './operation.ts';

/** Ended operations for reuse, to avoid an allocation per message. */
const free: LightOperation[] = [];
const maxFree = 256;

/**
 * An operation without a span. It is reused after its end: unlike an {@link Operation} it must be ended only once, and not be used
 * afterwards. Anything that could end it twice needs {@link toOperation}.
 */
export class LightOperation {
  #context: Context;
  #measurement: Measurement | undefined;
  #open: OpenEntry | undefined = undefined;
  /** The reactions to a promise, created once for all promises. */
  #fulfilled: ((result: unknown) => unknown) | undefined;
  #rejected: ((error: unknown) => never) | undefined;

  private constructor(context: Context, measurement: Measurement) {
    this.#context = context;
    this.#measurement = measurement;
  }

  static start(context: Context, measurement: Measurement): LightOperation {
    const operation = free.pop();
    if (operation === undefined) return new LightOperation(context, measurement);
    operation.#context = context;
    operation.#measurement = measurement;
    return operation;
  }

  get context(): Context {
    return this.#context;
  }

  end(): void {
    this.#release()?.end(undefined, undefined);
  }

  /** Keeps the operation in `open` until it ends, so that closing the client can {@link interrupt} it. */
  track(open: OpenOperations<LightOperation>): void {
    this.#open = open.add(this);
  }

  /**
   * Ends it before the promise that it ends with.
   *
   * @param failure - with which it fails. Default: it succeeds.
   */
  interrupt(failure?: Failure): void {
    const measurement = this.#measurement;
    // It is not reused, because the promise may still settle: then it has no measurement.
    this.#measurement = undefined;
    this.#forget();
    measurement?.end(undefined, failure && (failure.type ?? '_OTHER'));
  }

  /** @param type - `error.type`, if the caller knows a better one than that of the error. */
  fail(error: unknown, type?: string): void {
    let failure = type;
    try {
      failure ??= errorType(error);
    } catch (fault) {
      reportFault('recording an error', fault);
    }
    this.#release()?.end(undefined, failure ?? '_OTHER');
  }

  /** Ends an operation that did not take place: it is not counted. */
  leave(): void {
    this.#release()?.leave();
  }

  /**
   * Ends with a promise. Returns one with the same outcome.
   *
   * @param promise - a native one, which calls one of its reactions once.
   */
  endWith(promise: Promise<unknown>): Promise<unknown> {
    this.#fulfilled ??= (result) => {
      this.end();
      return result;
    };
    this.#rejected ??= (error) => {
      this.fail(error);
      throw error;
    };
    try {
      return promise.then(this.#fulfilled, this.#rejected);
    } catch (error) {
      // The constructor of a subclass may throw for the derived promise.
      reportFault('observing a promise', error);
      this.end();
      return promise;
    }
  }

  /** Continues as an operation that can be tracked, and ended by several. */
  toOperation(): Operation {
    const context = this.#context;
    return noOperation(context, this.#release());
  }

  #release(): Measurement | undefined {
    const measurement = this.#measurement;
    this.#measurement = undefined;
    this.#context = ROOT_CONTEXT;
    this.#forget();
    if (measurement !== undefined && free.length < maxFree) free.push(this);
    return measurement;
  }

  #forget(): void {
    this.#open?.remove();
    this.#open = undefined;
  }
}

/**
 * As {@link endWith}, for an operation without a span.
 *
 * @param awaited - whether the client awaits any result: then any thenable is awaited, once.
 */
export function endLightWith<R>(operation: LightOperation, result: R, awaited = false): R {
  if (isEagerPromise(result)) {
    if (types.isPromise(result)) return operation.endWith(result) as R;
    // Other promises may call both reactions.
    return endWith(operation.toOperation(), result);
  }
  if (awaited && isThenable(result)) return operation.endWith(awaitOnce(result)) as R;
  operation.end();
  return result;
}
