import type { Attributes } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

class ManualReader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** One value of a metric; of a histogram its count. */
export interface Point {
  readonly attributes: Attributes;
  readonly value: number;
}

/** A meter provider of the SDK, collected when a test asks. */
export class CollectedMetrics {
  readonly #reader = new ManualReader();
  readonly provider: MeterProvider = new MeterProvider({ readers: [this.#reader] });

  /** What was observed of each metric, by its name. */
  async collect(): Promise<Record<string, Point[]>> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw new AggregateError(errors);
    const found: Record<string, Point[]> = {};
    for (const { metrics } of resourceMetrics.scopeMetrics) {
      for (const { descriptor, dataPoints } of metrics) {
        found[descriptor.name] = dataPoints.map(({ attributes, value }) => ({
          attributes,
          value: typeof value === 'number' ? value : value.count,
        }));
      }
    }
    return found;
  }
}
