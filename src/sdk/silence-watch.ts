// Warns when no span is made at all.
import { diag } from '@opentelemetry/api';
import { warn } from '../common/warnings.ts';

const patienceMs = 60_000;

/**
 * Warns once if no span was made in the first minute, or until the shutdown. Nothing else shows that a client is not wrapped, or
 * that the API is installed twice. A process that ends before that minute may have had nothing to trace, as a command or a test: at
 * its shutdown only a `diag` logger is told.
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
    this.#timer = setTimeout(() => this.#check('a minute after startTracing()', warn), patienceMs).unref();
  }

  /** Tracing ends. */
  end(): void {
    clearTimeout(this.#timer);
    this.#check('from startTracing() to its shutdown', (message) => diag.warn(`mqtrace: ${message}`));
  }

  #check(when: string, tell: (message: string) => void): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#created() > 0) return;
    tell(
      `no span was made ${when}. Check that the clients are wrapped; that there is one copy of the API ` +
        `(npm ls @opentelemetry/api); that something happens that is traced (messages of unsampled traces make no spans).`,
    );
  }
}
