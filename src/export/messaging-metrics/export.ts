// Sends metrics to all receivers: periodically, at a flush, and when the process or tracing ends.
import { joinProcessEnd } from '../process-end.ts';
import type { MetricsDestination } from './destination.ts';

const nothingLost = { noSpool: 0, spoolFull: 0, spoolFailed: 0 };
/** The longest wait at the natural end of a program. */
const endBudgetMs = 5000;

/** The metrics of one `startTracing()`. @internal */
export class MetricsExport {
  readonly #destinations: readonly MetricsDestination[];
  readonly #exportTimeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #leave: () => void;
  #shutdown: Promise<void> | undefined;

  constructor(destinations: readonly MetricsDestination[], intervalMs: number, exportTimeoutMs: number) {
    this.#destinations = destinations;
    this.#exportTimeoutMs = exportTimeoutMs;
    this.#timer = setInterval(() => void this.#exportAll(this.#exportTimeoutMs), intervalMs).unref();
    this.#leave = joinProcessEnd({
      onExit: () => nothingLost,
      onSignal: () => nothingLost,
      onLoopEmpty: () => undefined,
      flushAtEnd: () => this.#flushAtEnd(),
    });
  }

  /** Never rejects. */
  flush(timeoutMs: number): Promise<void> {
    return this.#shutdown ?? this.#exportAll(timeoutMs);
  }

  /** Sends the current counts, and stops. Never rejects. */
  shutdown(timeoutMs: number): Promise<void> {
    this.#shutdown ??= this.#end(timeoutMs);
    return this.#shutdown;
  }

  async #end(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    await this.#exportAll(timeoutMs);
    this.#leave();
    await Promise.all(this.#destinations.map((each) => each.close()));
  }

  async #exportAll(timeoutMs: number): Promise<void> {
    await Promise.all(this.#destinations.map((each) => each.export(timeoutMs)));
  }

  /** Only if there are new counts: sending makes the event loop run empty once more. */
  #flushAtEnd(): void {
    if (this.#shutdown !== undefined) return;
    for (const each of this.#destinations) if (each.hasNews) void each.export(endBudgetMs);
  }
}
