import { diag } from '@opentelemetry/api';

const patienceMs = 60_000;

/**
 * Warns once if no span has been made a minute after tracing started, or when it ends: mostly something was imported twice, or
 * registered too late, or a client was not wrapped, and nothing else would tell.
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
      `mqtrace: no span has been made ${when}: are the clients wrapped, is there but one copy of @opentelemetry/api, and does ` +
        `anything happen that is to be traced (messages of unsampled traces make no spans)?`,
    );
  }
}
