// Flushes and shuts down a provider, its exporter and the processors of the application.
import type { SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { reportError, warnEachMinute } from '../common/warnings.ts';
import type { StartedSpans } from '../export/started-spans.ts';
import type { SamplingPair } from '../sampling/create-sampling.ts';
import { deferredDone } from '../common/deferred-work.ts';
import type { DeliveringSpanProcessor } from '../export/delivering-span-processor.ts';
import type { FlushResult } from '../export/export-options.ts';
import type { MetricsExport } from '../export/messaging-metrics/export.ts';
import type { OpenSpan, OpenSpans, OpenSpansOptions } from './open-spans.ts';
import type { OperationMetrics } from './operation-metrics.ts';
import type { TracingStats } from '../export/stats.ts';

/** Distinguishes the backends of one process. */
let backends = 0;

/**
 * Flushes and shuts down the provider for `tracing`: the exporter, whose results are returned, and the processors of the
 * application.
 *
 * @internal
 */
export class ExportBackend {
  readonly provider: TracerProvider;
  readonly sampling: SamplingPair;
  readonly #exporting: DeliveringSpanProcessor;
  readonly #own: readonly SpanProcessor[];
  readonly #counts: StartedSpans;
  readonly #openSpans: OpenSpans | undefined;
  readonly operations: OperationMetrics | undefined;
  readonly #metrics: MetricsExport | undefined;
  readonly #number: number = backends++;

  constructor(parts: {
    provider: TracerProvider;
    sampling: SamplingPair;
    exporting: DeliveringSpanProcessor;
    own: readonly SpanProcessor[];
    counts: StartedSpans;
    openSpans: OpenSpans | undefined;
    operations: OperationMetrics | undefined;
    metrics: MetricsExport | undefined;
  }) {
    this.provider = parts.provider;
    this.sampling = parts.sampling;
    this.#exporting = parts.exporting;
    this.#own = parts.own;
    this.#counts = parts.counts;
    this.#openSpans = parts.openSpans;
    this.operations = parts.operations;
    this.#metrics = parts.metrics;
  }

  stats(): TracingStats {
    const { created, recorded, sampled } = this.#counts;
    return { created, recorded, sampled, destinations: this.#exporting.stats() };
  }

  openSpans(options?: OpenSpansOptions): OpenSpan[] {
    if (this.#openSpans !== undefined) return this.#openSpans.list(options);
    warnEachMinute('openSpans', 'tracing.openSpans() returns no spans without startTracing({ trackOpenSpans: true })');
    return [];
  }

  async flush(timeoutMs: number): Promise<FlushResult> {
    await deferredDone();
    this.sampling.release();
    const own = Promise.all(this.#own.map((processor) => processor.forceFlush()));
    const [result] = await Promise.all([
      this.#exporting.flush({ timeoutMs }),
      within('flush', timeoutMs, own),
      this.#metrics?.flush(timeoutMs),
    ]);
    this.#report('flush', result);
    return result;
  }

  async shutdown(timeoutMs: number): Promise<FlushResult> {
    await deferredDone();
    const ended = this.#exporting.end({ timeoutMs });
    const [result] = await Promise.all([
      ended,
      within('shutdown', timeoutMs, this.provider.shutdown()),
      this.#metrics?.shutdown(timeoutMs),
    ]);
    this.#report('shutdown', result);
    return result;
  }

  #report(what: string, { left, dropped }: FlushResult): void {
    if (left + dropped === 0) return;
    const kind = `${what} of tracing ${this.#number}`;
    warnEachMinute(kind, `${what} did not export everything: ${left} spans left, ${dropped} lost`);
  }
}

async function within(what: string, timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((_, reject) => {
    // Somewhat later than the exporter's own deadline, so that its result is available.
    timer = setTimeout(
      () => reject(new Error(`a span processor has not finished after ${timeoutMs} ms`)),
      timeoutMs + 50,
    );
  });
  try {
    await Promise.race([work, timeout]);
  } catch (error) {
    reportError(`backend ${what}`, `${what} did not export everything`, error);
  } finally {
    clearTimeout(timer);
  }
}
