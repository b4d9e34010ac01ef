/** Growth of the buckets: each bound is 1 % above the previous one, so that a quantile is exact to half of that. */
const growth = Math.log(1.01);
/** Upper bound of the first bucket, in milliseconds. */
const floor = 0.1;
const buckets = Math.ceil(Math.log(1e10 / floor) / growth);
const chunk = 128;

/** A weighted histogram of durations in milliseconds on a logarithmic axis; it stores only the range in use. */
export class Histogram {
  #from = 0;
  #counts: Float64Array = new Float64Array(0);
  total = 0;
  sum = 0;
  min: number = Number.POSITIVE_INFINITY;
  max = 0;

  add(milliseconds: number, weight = 1): void {
    if (!(milliseconds >= 0) || !(weight > 0)) return;
    const at = bucketOf(milliseconds);
    this.#reach(at);
    this.#counts[at - this.#from]! += weight;
    this.total += weight;
    this.sum += milliseconds * weight;
    if (milliseconds < this.min) this.min = milliseconds;
    if (milliseconds > this.max) this.max = milliseconds;
  }

  /** Takes a duration out again. */
  remove(milliseconds: number, weight = 1): void {
    if (!(milliseconds >= 0) || !(weight > 0)) return;
    const at = bucketOf(milliseconds) - this.#from;
    if (!(this.#counts[at]! > 0)) return;
    const left = this.#counts[at]! - weight;
    // What remains of a sum of fractions is not a duration.
    this.#counts[at] = left < 1e-6 ? 0 : left;
    this.total = Math.max(0, this.total - weight);
    this.sum -= milliseconds * weight;
    if (milliseconds > this.min && milliseconds < this.max) return;
    // The next longest or shortest one is known as exactly as its bucket.
    const last = this.#counts.findLastIndex((count) => count > 0);
    const first = this.#counts.findIndex((count) => count > 0);
    if (last < 0) [this.total, this.sum, this.min, this.max] = [0, 0, Number.POSITIVE_INFINITY, 0];
    else {
      this.max = Math.min(this.max, upperEnd(this.#from + last));
      this.min = Math.max(this.min, first === 0 && this.#from === 0 ? 0 : upperEnd(this.#from + first - 1));
    }
  }

  /** The duration below which this share is; undefined without durations. */
  quantile(share: number): number | undefined {
    if (this.total === 0) return undefined;
    const rank = share * this.total;
    let seen = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i]!;
      if (seen >= rank && seen > 0) return Math.min(this.max, Math.max(this.min, middle(this.#from + i)));
    }
    return this.max;
  }

  /** Counts of `count` columns of equal width on a logarithmic axis. */
  columns(from: number, to: number, count: number): number[] {
    const columns = Array.from({ length: count }, () => 0);
    const width = Math.log(to / from) / count;
    for (let i = 0; i < this.#counts.length; i++) {
      const weight = this.#counts[i]!;
      if (weight === 0) continue;
      const at = Math.floor(Math.log(middle(this.#from + i) / from) / width);
      columns[Math.min(count - 1, Math.max(0, at))]! += weight;
    }
    return columns;
  }

  merge(other: Histogram): void {
    for (let i = 0; i < other.#counts.length; i++) {
      const weight = other.#counts[i]!;
      if (weight === 0) continue;
      this.#reach(other.#from + i);
      this.#counts[other.#from + i - this.#from]! += weight;
    }
    this.total += other.total;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  #reach(at: number): void {
    const end = this.#from + this.#counts.length;
    if (this.#counts.length > 0 && at >= this.#from && at < end) return;
    const from = Math.floor((this.#counts.length === 0 ? at : Math.min(at, this.#from)) / chunk) * chunk;
    const until = (Math.floor(Math.max(at, end - 1) / chunk) + 1) * chunk;
    const larger = new Float64Array(until - from);
    if (this.#counts.length > 0) larger.set(this.#counts, this.#from - from);
    this.#counts = larger;
    this.#from = from;
  }
}

function bucketOf(milliseconds: number): number {
  return milliseconds <= floor ? 0 : Math.min(buckets - 1, 1 + Math.floor(Math.log(milliseconds / floor) / growth));
}

function upperEnd(bucket: number): number {
  return floor * Math.exp(bucket * growth);
}

function middle(bucket: number): number {
  return bucket === 0 ? floor / 2 : floor * Math.exp((bucket - 0.5) * growth);
}
