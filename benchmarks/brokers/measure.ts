/** One row of the results on real brokers. */
export interface BrokerResult {
  readonly name: string;
}
