// Counts the requests to one destination.
/** Statistics of the requests to one destination. @internal */
export class DeliveryStats {
  /** Sent requests. */
  requests = 0;
  /** Failed requests, retried or not. */
  errors = 0;
  /** Failed requests that are retried. */
  retries = 0;
  /** Duration of the last acknowledged request in milliseconds. */
  latencyLastMs = 0;
  /** Exponential moving average of that duration, with a weight of 0.1 for each new value. */
  latencyAverageMs = 0;

  /** A request was acknowledged. */
  acknowledged(ms: number): void {
    this.latencyAverageMs = this.latencyLastMs === 0 ? ms : this.latencyAverageMs * 0.9 + ms * 0.1;
    this.latencyLastMs = ms;
  }
}
