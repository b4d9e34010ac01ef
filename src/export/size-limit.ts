/** So many single spans in a row that are too large say that the receiver takes nothing at all. */
const rejectionsOfAll = 3;
/** A receiver may have been given another limit since. */
const forgetAfterMs = 600_000;

/** A request, by what matters here. */
interface Request {
  readonly spans: number;
  readonly length: number;
}

/**
 * What a receiver finds too large, learned from its answers, so that it is not asked about each request anew.
 *
 * @internal
 */
export class SizeLimit {
  #tooLarge = Infinity;
  #tooLargeSpan = Infinity;
  #rejections = 0;
  #learnedAt = 0;

  /** Bytes that requests should have at most; Infinity while nothing is known. */
  get bytes(): number {
    return this.#tooLarge / 2;
  }

  /** Whether the receiver has called the latest single spans too large, one after the other. */
  get refusesAll(): boolean {
    return this.#rejections >= rejectionsOfAll;
  }

  /** What to do with a request. */
  decide({ spans, length }: Request): 'send' | 'split' | 'drop' {
    if (Date.now() - this.#learnedAt > forgetAfterMs) this.#forget();
    if (spans > 1) return length >= this.#tooLarge ? 'split' : 'send';
    return this.refusesAll && length >= this.#tooLargeSpan ? 'drop' : 'send';
  }

  /** The receiver called a request too large. */
  rejected({ spans, length }: Request): void {
    this.#learnedAt = Date.now();
    if (spans > 1) {
      this.#tooLarge = Math.min(this.#tooLarge, length);
      return;
    }
    this.#rejections++;
    this.#tooLargeSpan = Math.min(this.#tooLargeSpan, length);
  }

  /** The receiver took a request. */
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
