/** How the requests to one destination went. @internal */
export class DeliveryStats {
  /** Requests that were sent. */
  requests = 0;
  /** Requests that failed, whether or not they were tried again. */
  errors = 0;
  /** Requests that were worth another try. */
  retries = 0;
  /** Milliseconds that the last acknowledged request took. */
  latencyLastMs = 0;
  /** The same as an exponential moving average, each new one with a weight of a tenth. */
  latencyAverageMs = 0;

  /** A request was acknowledged. */
  acknowledged(ms: number): void {
    this.latencyAverageMs = this.latencyLastMs === 0 ? ms : this.latencyAverageMs * 0.9 + ms * 0.1;
    this.latencyLastMs = ms;
  }
}
