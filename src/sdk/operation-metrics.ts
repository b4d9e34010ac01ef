// Counts and times the operations of tracing.span().
import { type Attributes, type Counter, type Histogram, type MeterProvider, metrics } from '@opentelemetry/api';
import { answered, reportFault } from '../common/faults.ts';
import { errorType } from '../common/error-type.ts';
import { version } from '../common/version.ts';

/** The bucket boundaries of operation durations: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/ */
const seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Called once when an operation has ended, with its error if it failed. @internal */
export type OperationEnd = (failure?: { readonly error: unknown }) => void;

/**
 * Counts and times the operations of `tracing.span` by name, sampled or not.
 *
 * @internal
 */
export class OperationMetrics {
  readonly #given: MeterProvider | undefined;
  #provider: MeterProvider | undefined;
  #count: Counter | undefined;
  #duration: Histogram | undefined;

  /** Without a provider, the registered one is used, as soon as there is one. */
  constructor(given: MeterProvider | undefined) {
    this.#given = given;
  }

  start(name: string): OperationEnd {
    const started = performance.now();
    return (failure) => {
      try {
        this.#open();
        const attributes: Attributes = { 'mqtrace.operation.name': name };
        if (failure !== undefined) attributes['error.type'] = errorType(failure.error);
        this.#count?.add(1, attributes);
        this.#duration?.record((performance.now() - started) / 1000, attributes);
      } catch (fault) {
        reportFault('counting an operation', fault);
      }
    };
  }

  #open(): void {
    const provider = this.#given ?? metrics.getMeterProvider();
    if (provider === this.#provider) return;
    const meter = answered(provider.getMeter('mqtrace', version));
    this.#count = meter.createCounter('mqtrace.operation.count', {
      unit: '{operation}',
      description: 'The number of operations that tracing.span() has run.',
    });
    this.#duration = meter.createHistogram('mqtrace.operation.duration', {
      unit: 's',
      description: 'The duration of operations that tracing.span() has run.',
      advice: { explicitBucketBoundaries: seconds },
    });
    this.#provider = provider;
  }
}
