// Collects metrics on demand in tests.
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

/** One value of a metric; for a histogram its count. */
export interface Point {
  readonly attributes: Attributes;
  readonly value: number;
}

/** A meter provider of the SDK that is collected on demand. */
export class CollectedMetrics {
  readonly #reader = new ManualReader();
  readonly provider: MeterProvider = new MeterProvider({ readers: [this.#reader] });

  /** The collected values of each metric, by name. */
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
