/** Gives each text a number. Texts beyond the limit get number 0, `other`. */
export class StringTable {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[];
  readonly #limit: number;
  /** Number of texts beyond the limit, each time they were received. */
  refused = 0;

  constructor(limit: number, other = '(other)') {
    this.#limit = limit;
    this.#texts = [other];
  }

  get size(): number {
    return this.#texts.length - 1;
  }

  number(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#texts.length > this.#limit) {
      this.refused++;
      return 0;
    }
    const number = this.#texts.length;
    this.#texts.push(text);
    this.#numbers.set(text, number);
    return number;
  }

  /** The number of a known text; undefined otherwise. */
  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  text(number: number): string {
    return this.#texts[number] ?? this.#texts[0]!;
  }
}
