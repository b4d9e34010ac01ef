// Provides the exporter as a span processor for any tracer provider.
import type { Context, MeterProvider } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { Environment } from '../config/environment.ts';
import { checkBoolean, checkMethods, checkNames, checkOneOf, type OptionCheck } from '../common/check-options.ts';
import { drains } from '../common/draining-processor.ts';
import { isSampled } from '../common/is-sampled.ts';
import { offersLightTracer, type OffersLightTracer } from '../common/offered-tracer.ts';
import { warn } from '../common/warnings.ts';
import { type EnvironmentMode, environmentModes } from '../config/names.ts';
import { createDestinationQueues } from './create-destinations.ts';
import { DeliveringSpanProcessor } from './delivering-span-processor.ts';
import type { ExportOptions, FlushResult, FlushTimeout } from './export-options.ts';
import { exportOptionChecks } from './validate-export-options.ts';
import { observeExport } from './metrics.ts';
import { StartedSpans } from './started-spans.ts';
import type { DestinationStats } from './stats.ts';
import { lightTracerFor } from './stock-tracer.ts';

/** Options of {@link MqtraceSpanProcessor}: the export options of {@link StartTracingOptions}. */
export interface MqtraceSpanProcessorOptions extends ExportOptions {
  /** Which takes precedence, an `OTEL_*` variable or the option. Default `override`: the variable. */
  readonly environment?: EnvironmentMode | undefined;
  /** The meter provider for metrics of the numbers of `stats()`. Default: none. */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * Whether mqtrace's wrappers create light spans, which cost about half as much as the SDK's. It needs an unmodified provider of
   * `@opentelemetry/sdk-trace` 2.12 or 3 (also as `NodeTracerProvider`), without a meter provider, whose only span processor this
   * is; otherwise a warning is logged, and the spans are the SDK's. It reads private properties of the SDK's tracer. Default false.
   */
  readonly lightSpans?: boolean | undefined;
}

const checks: { readonly [Name in keyof Required<MqtraceSpanProcessorOptions>]: OptionCheck } = {
  ...exportOptionChecks,
  lightSpans: checkBoolean,
  meterProvider: (value, where) => checkMethods(value, where, ['getMeter'], 'a MeterProvider'),
  environment: checkOneOf(environmentModes),
};

/**
 * The span processor of {@link startTracing}, for your own provider:
 *
 *     new NodeTracerProvider({ spanProcessors: [new MqtraceSpanProcessor({ endpoint, spool: { directory } })] });
 *
 * It batches, encodes and sends spans itself; no exporter is needed. Until it is shut down, it delivers spans at the end of the
 * process. With `OTEL_SDK_DISABLED=true` it does nothing.
 *
 * @throws MqtraceError `INVALID_OPTION` for an invalid option, `MISSING_DEPENDENCY` for a package that is not installed.
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
    // Not in the declaration of the class, because it is no public API.
    Object.defineProperty(this, drains, { value: true });
    if (options.lightSpans === true) this.#offerLightSpans();
    if (options.meterProvider !== undefined) observeExport(options.meterProvider, this.#exporting, this.#counts);
  }

  /** Not a method of the class, because it is no public API, and is missing without the option. */
  #offerLightSpans(): void {
    const decline = (reason: string): void =>
      warn(`MqtraceSpanProcessor({ lightSpans }): the provider's spans are the SDK's, because ${reason}`);
    const value: OffersLightTracer[typeof offersLightTracer] = (tracer) => lightTracerFor(tracer, this, decline);
    Object.defineProperty(this, offersLightTracer, { value });
  }

  /**
   * Whether spans are encoded when they end, which a subclass could change.
   *
   * @internal
   */
  get keepsNoSpans(): boolean {
    // oxlint-disable-next-line typescript/unbound-method -- only compared
    const { onStart, onEnd } = MqtraceSpanProcessor.prototype;
    return this.onStart === onStart && this.onEnd === onEnd && !('onEnding' in this);
  }

  onStart(span: Span, parentContext: Context): void {
    // Spans that the sampler drops do not reach the processor.
    this.#counts.start(span.parentSpanContext, isSampled(span.spanContext()) ? 2 : 1);
    this.#exporting.onStart(span, parentContext);
  }

  onEnd(span: ReadableSpan): void {
    this.#counts.end(isSampled(span.spanContext()));
    this.#exporting.onEnd(span);
  }

  /** The counters of all spans, for every destination. */
  stats(): DestinationStats[] {
    return this.#exporting.stats();
  }

  /** Sends all spans that have ended so far and waits for the responses. Never rejects. */
  flush(timeout?: FlushTimeout): Promise<FlushResult> {
    return this.#exporting.flush(timeout);
  }

  /** As {@link flush}, for the provider. */
  forceFlush(): Promise<void> {
    return this.#exporting.forceFlush();
  }

  /** Stops: drops new spans, sends queued spans and keeps the rest in the spool. Never rejects. */
  shutdown(): Promise<void> {
    return this.#exporting.shutdown();
  }
}
