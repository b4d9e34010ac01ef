// Decodes received requests into the store, and counts them.
import { jsonToProtobuf } from '../otlp/json-to-protobuf.ts';
import type { SpanStore } from '../store/store.ts';

/** The content of a request. */
export type Signal = 'traces' | 'metrics';

/** Counts of received requests, for the page and the caller of startView. */
export interface IntakeStats {
  requests: number;
  /** Requests that could not be decoded. */
  refused: number;
  /** The newest reason of a rejection, for the page. */
  lastError: string | undefined;
  lastAt: number | undefined;
}

/** Adds received requests, in either encoding, to the store and the file. */
export class Intake {
  readonly stats: IntakeStats = { requests: 0, refused: 0, lastError: undefined, lastAt: undefined };
  readonly #store: SpanStore;
  readonly #onRequest: ((signal: Signal, request: Buffer) => void) | undefined;

  /** @param onRequest - called with each request in protobuf, once it is in the store. */
  constructor(store: SpanStore, onRequest?: (signal: Signal, request: Buffer) => void) {
    this.#store = store;
    this.#onRequest = onRequest;
  }

  /** @throws Error if the body is not an OTLP request; its message may be shown to the sender. */
  take(signal: Signal, body: Buffer, encoding: 'protobuf' | 'json'): void {
    try {
      const request = encoding === 'json' ? jsonToProtobuf(signal, JSON.parse(body.toString('utf8'))) : body;
      if (signal === 'traces') this.#store.addTraces(request);
      else this.#store.addMetrics(request);
      this.stats.requests++;
      this.stats.lastAt = Date.now();
      this.#onRequest?.(signal, request);
    } catch (error) {
      this.stats.refused++;
      this.stats.lastError = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }
}
