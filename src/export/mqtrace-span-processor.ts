// The exporter as a span processor for any tracer provider.
import { type Context, type MeterProvider, TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { Environment } from '../config/environment.ts';
import { checkMethods, checkNames, checkOneOf, type OptionCheck } from '../common/check-options.ts';
import { type EnvironmentMode, environmentModes } from '../config/names.ts';
import { createDestinationQueues } from './create-destinations.ts';
import { DeliveringSpanProcessor } from './delivering-span-processor.ts';
import type { ExportOptions, FlushResult, FlushTimeout } from './export-options.ts';
import { exportOptionChecks } from './validate-export-options.ts';
import { observeExport } from './metrics.ts';
import { StartedSpans } from './started-spans.ts';
import type { DestinationStats } from './stats.ts';

/** What {@link MqtraceSpanProcessor} takes: the options of {@link StartTracingOptions} that have to do with exporting. */
export interface MqtraceSpanProcessorOptions extends ExportOptions {
  /** Which wins, an `OTEL_*` variable or the option. Default `override`: the variable. */
  readonly environment?: EnvironmentMode | undefined;
  /** Where the figures of `stats()` are shown as metrics. Default: nowhere. */
  readonly meterProvider?: MeterProvider | undefined;
}

const checks: { readonly [Name in keyof Required<MqtraceSpanProcessorOptions>]: OptionCheck } = {
  ...exportOptionChecks,
  meterProvider: (value, where) => checkMethods(value, where, ['getMeter'], 'a MeterProvider'),
  environment: checkOneOf(environmentModes),
};

/**
 * The span processor of {@link startTracing}, for a provider of one's own:
 *
 *     new NodeTracerProvider({ spanProcessors: [new MqtraceSpanProcessor({ endpoint, spool: { directory } })] });
 *
 * It batches, encodes and sends spans itself; no exporter is needed. It delivers at the end of the process until it is shut
 * down. With `OTEL_SDK_DISABLED=true` it does nothing.
 *
 * @throws MqtraceError `INVALID_OPTION` for a wrong option, `MISSING_DEPENDENCY` for a package to be installed.
 */
export class MqtraceSpanProcessor implements SpanProcessor {
  readonly #exporting: DeliveringSpanProcessor;
  readonly #counts: StartedSpans = new StartedSpans();

  constructor(options: MqtraceSpanProcessorOptions = {}) {
    checkNames('MqtraceSpanProcessor(options)', options, Object.keys(checks));
    for (const [name, check] of Object.entries(checks)) {
      const value = options[name as keyof MqtraceSpanProcessorOptions];
      if (value !== undefined) check(value, `MqtraceSpanProcessor({ ${name} })`, options);
    }
    const environment = new Environment(options.environment ?? 'override');
    const disabled = environment.flag('OTEL_SDK_DISABLED');
    this.#exporting = new DeliveringSpanProcessor(disabled ? [] : createDestinationQueues(options, environment));
    this.#exporting.start();
    if (options.meterProvider !== undefined) observeExport(options.meterProvider, this.#exporting, this.#counts);
  }

  onStart(span: Span, parentContext: Context): void {
    // Spans that the sampler drops are not seen here.
    this.#counts.start(span.parentSpanContext, isSampled(span) ? 2 : 1);
    this.#exporting.onStart(span, parentContext);
  }

  onEnd(span: ReadableSpan): void {
    this.#counts.end(isSampled(span));
    this.#exporting.onEnd(span);
  }

  /** What became of all spans, for every destination. */
  stats(): DestinationStats[] {
    return this.#exporting.stats();
  }

  /** Sends everything that has ended so far and waits for what is on the wire. Never rejects. */
  flush(timeout?: FlushTimeout): Promise<FlushResult> {
    return this.#exporting.flush(timeout);
  }

  /** As {@link flush}, for the provider. */
  forceFlush(): Promise<void> {
    return this.#exporting.forceFlush();
  }

  /** Drops new spans, sends what is queued, keeps the rest in the spool, and ends. Never rejects. */
  shutdown(): Promise<void> {
    return this.#exporting.shutdown();
  }
}

function isSampled(span: ReadableSpan): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}
