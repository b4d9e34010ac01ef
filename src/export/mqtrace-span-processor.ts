import { type Context, type MeterProvider, TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, Span } from '@opentelemetry/sdk-trace';
import { Environment } from '../config/environment.ts';
import { checkMethods, checkNames, checkOneOf, type OptionCheck } from '../common/check-options.ts';
import { type EnvironmentMode, environmentModes } from '../config/names.ts';
import { createDestinationQueues } from './create-destinations.ts';
import { DeliveringSpanProcessor } from './delivering-span-processor.ts';
import type { ExportOptions } from './export-options.ts';
import { exportOptionChecks } from './validate-export-options.ts';
import { observeExport } from './metrics.ts';
import { StartedSpans } from './started-spans.ts';

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
 * It batches, encodes and sends spans itself; no exporter is needed. It takes part in the end of the process until it is shut
 * down. With `OTEL_SDK_DISABLED=true` it does nothing.
 *
 * @throws MqtraceError `INVALID_OPTION` for a wrong option, `MISSING_DEPENDENCY` for a package to be installed.
 */
export class MqtraceSpanProcessor extends DeliveringSpanProcessor {
  readonly #counts: StartedSpans = new StartedSpans();

  constructor(options: MqtraceSpanProcessorOptions = {}) {
    checkNames('MqtraceSpanProcessor(options)', options, Object.keys(checks));
    for (const [name, check] of Object.entries(checks)) {
      const value = options[name as keyof MqtraceSpanProcessorOptions];
      if (value !== undefined) check(value, `MqtraceSpanProcessor({ ${name} })`, options);
    }
    const environment = new Environment(options.environment ?? 'override');
    super(environment.flag('OTEL_SDK_DISABLED') ? [] : createDestinationQueues(options, environment));
    this.start();
    if (options.meterProvider !== undefined) observeExport(options.meterProvider, this, this.#counts);
  }

  override onStart(span: Span, parentContext: Context): void {
    // A sampler's refusals are not seen from here.
    this.#counts.start(span.parentSpanContext, isSampled(span) ? 2 : 1);
    super.onStart(span, parentContext);
  }

  override onEnd(span: ReadableSpan): void {
    this.#counts.end(isSampled(span));
    super.onEnd(span);
  }
}

function isSampled(span: ReadableSpan): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}
