// Warns when no span is made at all.
import { diag } from '@opentelemetry/api';

const patienceMs = 60_000;

/**
 * Warns once if no span was made in the first minute, or until the shutdown. Nothing else shows that a client is not wrapped, or
 * that the API is installed twice.
 *
 * @internal
 */
export class SilenceWatch {
  readonly #created: () => number;
  readonly #timer: NodeJS.Timeout;
  #over = false;

  /** `created` tells how many spans there have been, sampled or not. */
  constructor(created: () => number) {
    this.#created = created;
    this.#timer = setTimeout(() => this.#check('a minute after startTracing()'), patienceMs).unref();
  }

  /** Tracing ends. */
  end(): void {
    clearTimeout(this.#timer);
    this.#check('from startTracing() to its shutdown');
  }

  #check(when: string): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#created() > 0) return;
    diag.warn(
      `mqtrace: no span was made ${when}. Check that the clients are wrapped; that there is one copy of the API ` +
        `(npm ls @opentelemetry/api); that something happens that is traced (messages of unsampled traces make no spans).`,
    );
  }
}
