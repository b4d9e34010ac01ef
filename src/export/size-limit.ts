// Learns the request size limit of a receiver.
/** After this many single spans in a row that are too large, the receiver is assumed to accept nothing. */
const rejectionsOfAll = 3;
/** The limit expires, because the receiver may be reconfigured. */
const forgetAfterMs = 600_000;

/** The relevant properties of a request. */
interface Request {
  readonly spans: number;
  readonly length: number;
}

/**
 * The size limit of a receiver, learned from its responses, so that it is not tested again with each request.
 *
 * @internal
 */
export class SizeLimit {
  #tooLarge = Infinity;
  #tooLargeSpan = Infinity;
  #rejections = 0;
  #learnedAt = 0;

  /** The maximum bytes of requests; Infinity while no limit is known. */
  get bytes(): number {
    return this.#tooLarge / 2;
  }

  /** Whether the last single spans in a row were too large for the receiver. */
  get refusesAll(): boolean {
    return this.#rejections >= rejectionsOfAll;
  }

  /** How to handle a request. */
  decide({ spans, length }: Request): 'send' | 'split' | 'drop' {
    if (Date.now() - this.#learnedAt > forgetAfterMs) this.#forget();
    if (spans > 1) return length >= this.#tooLarge ? 'split' : 'send';
    return this.refusesAll && length >= this.#tooLargeSpan ? 'drop' : 'send';
  }

  /** The receiver rejected a request as too large. */
  rejected({ spans, length }: Request): void {
    this.#learnedAt = Date.now();
    if (spans > 1) {
      this.#tooLarge = Math.min(this.#tooLarge, length);
      return;
    }
    this.#rejections++;
    this.#tooLargeSpan = Math.min(this.#tooLargeSpan, length);
  }

  /** The receiver accepted a request. */
  taken({ length }: Request): void {
    this.#rejections = 0;
    if (length >= this.#tooLarge) this.#forget();
  }

  #forget(): void {
    this.#tooLarge = Infinity;
    this.#tooLargeSpan = Infinity;
    this.#rejections = 0;
  }
}
