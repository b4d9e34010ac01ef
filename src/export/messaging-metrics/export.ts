// Sends metrics to all receivers: now and again, at a flush, and when the process or tracing ends.
import { joinProcessEnd } from '../process-end.ts';
import type { MetricsDestination } from './destination.ts';

const nothingLost = { noSpool: 0, spoolFull: 0, spoolFailed: 0 };
/** How long the natural end of a program waits. */
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

  /** Sends what has been counted up to now, and ends. Never rejects. */
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

  /** Only where there is news: what is sent here makes the event loop empty once more. */
  #flushAtEnd(): void {
    if (this.#shutdown !== undefined) return;
    for (const each of this.#destinations) if (each.hasNews) void each.export(endBudgetMs);
  }
}
