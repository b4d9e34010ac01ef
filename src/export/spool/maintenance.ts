// Runs the timers of a spool.
import type { LossLog } from '../loss-log.ts';
import type { SpoolQueue } from './spool-queue.ts';

const heartbeatMs = 15_000;
const adoptionMs = 30_000;

/**
 * Periodic tasks of a spool: the heartbeat of its owner, and the adoption of files from ended processes.
 *
 * @internal
 */
export class SpoolMaintenance {
  readonly #spool: SpoolQueue;
  readonly #log: LossLog;
  readonly #onAdopted: () => void;
  readonly #timers: NodeJS.Timeout[] = [];
  #adopting: Promise<void> | undefined;

  constructor(spool: SpoolQueue, log: LossLog, onAdopted: () => void) {
    this.#spool = spool;
    this.#log = log;
    this.#onAdopted = onAdopted;
  }

  start(): void {
    this.#timers.push(setInterval(() => this.#spool.spool.heartbeat(), heartbeatMs).unref());
    this.#timers.push(setInterval(() => void this.adopt(), adoptionMs).unref());
    void this.adopt();
  }

  /** The current adoption. */
  get adopting(): Promise<void> | undefined {
    return this.#adopting;
  }

  /** Adopts the files of ended processes. */
  adopt(): Promise<void> {
    this.#adopting ??= this.#spool.adopt().then(
      () => {
        this.#adopting = undefined;
        this.#spool.expire();
        this.#onAdopted();
      },
      (error: unknown) => {
        this.#adopting = undefined;
        this.#log.trouble('the spool cannot be searched', error);
      },
    );
    return this.#adopting;
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
