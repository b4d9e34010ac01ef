// Reports the losses and failures of one destination.
import { warn } from '../common/warnings.ts';

const quietMs = 60_000;

/**
 * Reports losses and failures of one destination: one line per minute for each kind, on the registered `diag` logger or else on
 * stderr. Further events within that minute are added to the next line.
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

  /** A failure that has not lost any spans. */
  trouble(what: string, detail?: unknown): void {
    this.#report(what, 0, () => what, detail);
  }

  /** `detail`: an error of this process, or the receiver's text, which is not written to stderr. */
  #report(key: string, spans: number, message: (total: number) => string, detail: unknown): void {
    const now = Date.now();
    const entry = this.#last.get(key);
    if (entry !== undefined && now - entry.at < quietMs && now >= entry.at) {
      entry.spans += spans;
      return;
    }
    const total = spans + (entry?.spans ?? 0);
    this.#last.set(key, { at: now, spans: 0 });
    const text = `${this.#name}: ${message(total)}`;
    if (detail instanceof Error) warn(`${text}: ${errorText(detail)}`, receiverText(detail));
    else warn(text, typeof detail === 'string' ? detail : '');
  }
}

/** Node's error for a host name with several addresses has an empty message; its inner errors have one. */
function errorText(error: Error): string {
  if (error.message !== '') return error.message;
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return first instanceof Error ? first.message : ((error as NodeJS.ErrnoException).code ?? error.name);
}

function receiverText({ receiverSaid }: Error & { receiverSaid?: unknown }): string {
  return typeof receiverSaid === 'string' ? receiverSaid : '';
}
