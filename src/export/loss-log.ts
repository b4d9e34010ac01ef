import { diag } from '@opentelemetry/api';

const quietMs = 60_000;

/**
 * Reports faults on `diag`, at most once a minute for each kind of fault; what happened in between is added up in the next
 * report.
 *
 * @internal
 */
export class LossLog {
  readonly #name: string;
  readonly #last = new Map<string, { at: number; spans: number }>();

  /** `name`: the destination, for the message. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Spans were lost. */
  lost(reason: string, spans: number, detail?: unknown): void {
    if (spans > 0) this.#report(`lost:${reason}`, spans, (total) => `${total} spans lost (${reason})`, detail);
  }

  /** Something went wrong that costs no span, or not yet. */
  trouble(what: string, detail?: unknown): void {
    this.#report(what, 0, () => what, detail);
  }

  #report(key: string, spans: number, message: (total: number) => string, detail: unknown): void {
    const now = Date.now();
    const entry = this.#last.get(key);
    if (entry !== undefined && now - entry.at < quietMs && now >= entry.at) {
      entry.spans += spans;
      return;
    }
    const total = spans + (entry?.spans ?? 0);
    this.#last.set(key, { at: now, spans: 0 });
    const text = detail instanceof Error ? `: ${detail.message}` : typeof detail === 'string' ? `: ${detail}` : '';
    diag.warn(`mqtrace: ${this.#name}: ${message(total)}${text}`);
  }
}
