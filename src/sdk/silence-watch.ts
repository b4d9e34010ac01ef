// Warns if no span is created at all.
import { diag } from '@opentelemetry/api';
import { warn } from '../common/warnings.ts';

const patienceMs = 60_000;

/**
 * Warns once if no span was created in the first minute, or until the shutdown. Otherwise it would not be visible that a client is
 * not wrapped, or that the API is installed twice. A process that ends within that minute, such as a command or a test, may have
 * nothing to trace: its warning at the shutdown goes only to a `diag` logger.
 *
 * @internal
 */
export class SilenceWatch {
  readonly #created: () => number;
  readonly #timer: NodeJS.Timeout;
  #over = false;

  /** `created` returns the number of created spans, sampled or not. */
  constructor(created: () => number) {
    this.#created = created;
    this.#timer = setTimeout(() => this.#check('in the first minute after startTracing()', warn), patienceMs).unref();
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
      `no span was created ${when}. Check that: 1. the clients are wrapped; 2. there is one copy of the API ` +
        `(npm ls @opentelemetry/api); 3. traced operations occur (messages of unsampled traces create no spans).`,
    );
  }
}
