// Implements a context whose content is known only after code has started to run in it.
import type { Context } from '@opentelemetry/api';

/** It has no content until it is resolved; the first access resolves it. @internal */
export class PendingContext implements Context {
  readonly #fallback: () => Context;
  #content: Context | undefined;

  /** @param fallback - returns the content if the context is accessed before it is resolved. */
  constructor(fallback: () => Context) {
    this.#fallback = fallback;
  }

  /** Only the first call counts. */
  resolve(content: () => Context): void {
    this.#content ??= content();
  }

  getValue(key: symbol): unknown {
    return this.#resolved().getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#resolved().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#resolved().deleteValue(key);
  }

  #resolved(): Context {
    return (this.#content ??= this.#fallback());
  }
}
