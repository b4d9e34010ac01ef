// Implements the object that startTracing() returns.
import { type Span, type SpanOptions, trace, type Tracer, type TracerProvider } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { checkNames, isRecord } from '../common/check-options.ts';
import { describe, invalidOption, type MqtraceError } from '../common/errors.ts';
import { warn } from '../common/warnings.ts';
import type { SamplerConfig } from '../sampling/index.ts';
import type { FlushResult } from '../export/export-options.ts';
import type { TracingStats } from '../export/stats.ts';
import type { OpenSpan, OpenSpansOptions } from './open-spans.ts';
import type { OperationMetrics } from './operation-metrics.ts';
import { recordError, runInSpan } from './span-helpers.ts';

/** Options of {@link Tracing.flush} and {@link Tracing.shutdown}. */
export interface FlushOptions {
  /** Milliseconds after which the promise resolves even if spans are left. Default 30000. */
  readonly timeoutMs?: number | undefined;
}

/** The result of {@link startTracing}. */
export interface Tracing {
  /** The tracer provider, for code that needs one, such as an instrumentation. It does nothing if `OTEL_SDK_DISABLED=true`. */
  readonly provider: TracerProvider;
  /** A tracer with the name of the service. */
  readonly tracer: Tracer;

  /**
   * Runs `fn` in a new active span, and returns the result of `fn` unchanged, a promise or a value. The span ends in any case; an
   * exception or rejection is recorded on it and rethrown unchanged. An object whose `then` may start work, such as a query
   * builder, is a value: make `fn` async and await it there.
   *
   * With a `meterProvider` (or `operationMetrics: true`) the operation is also counted and timed, sampled or not:
   * `mqtrace.operation.count` and `mqtrace.operation.duration` (seconds), by `mqtrace.operation.name` and `error.type`.
   *
   * @throws MqtraceError `INVALID_OPTION` without a function.
   */
  span<T>(name: string, fn: (span: Span) => T): T;
  span<T>(name: string, options: SpanOptions, fn: (span: Span) => T): T;

  /**
   * Records an error on a span, by default the active one: status ERROR, `error.type` and an `exception` event. The same error
   * is recorded once per span. Never throws.
   */
  recordError(error: unknown, span?: Span): void;

  /**
   * Replaces the sampler, wrapped like the `sampler` option; started spans are not affected. Takes precedence over
   * `OTEL_TRACES_SAMPLER`. `errorBoost`, `keepErrors` and the like stay in effect.
   *
   * @throws MqtraceError `INVALID_OPTION`
   */
  setSampler(sampler: Sampler | SamplerConfig): void;

  /** Counts of spans and requests, and durations, for every destination. Cheap: copies plain numbers. */
  stats(): TracingStats;

  /**
   * Recorded spans that have been open for longer than `olderThanMs`, the oldest first: usually a missing `end()`. At most 10,000
   * open spans are tracked. Empty unless `trackOpenSpans` is set.
   */
  openSpans(options?: OpenSpansOptions): OpenSpan[];

  /**
   * Exports all spans that have ended so far, and waits for the responses. Resolves when finished or after the timeout, never
   * rejects; failures are in the result and on `diag`.
   */
  flush(options?: FlushOptions): Promise<FlushResult>;
  /**
   * Stops tracing: drops new spans, exports queued spans and keeps the rest in the spool if there is one. Never rejects; a second
   * call returns the promise of the first.
   */
  shutdown(options?: FlushOptions): Promise<FlushResult>;
  /** {@link shutdown}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The implementation behind {@link Tracing}; undefined if the SDK is disabled. */
interface Backend {
  readonly operations: OperationMetrics | undefined;
  stats(): TracingStats;
  openSpans(options?: OpenSpansOptions): OpenSpan[];
  flush(timeoutMs: number): Promise<FlushResult>;
  shutdown(timeoutMs: number): Promise<FlushResult>;
}

/** A promise is the result of a function that was called too early. */
function noFunction(name: unknown, given: unknown): MqtraceError {
  const call = `tracing.span(${describe(name)}, fn)`;
  return invalidOption(
    call,
    given,
    `a function, which runs in the span: tracing.span(${describe(name)}, () => work())`,
  );
}

const defaultTimeoutMs = 30_000;

/** Reports an invalid option instead of throwing, because an ending process has to send its spans. */
function timeoutOf(where: string, options: FlushOptions = {}): number {
  try {
    checkNames(where, options, ['timeoutMs']);
  } catch (error) {
    warn((error as Error).message);
  }
  return options?.timeoutMs ?? defaultTimeoutMs;
}

const nothing: FlushResult = { exported: 0, left: 0, dropped: 0 };

/** @internal */
export class TracingHandle implements Tracing {
  readonly provider: TracerProvider;
  readonly tracer: Tracer;
  readonly #backend: Backend | undefined;
  readonly #onShutdown: () => void;
  readonly #setSampler: (sampler: Sampler | SamplerConfig) => void;
  #shutdown: Promise<FlushResult> | undefined;

  constructor(
    provider: TracerProvider,
    tracer: Tracer,
    backend: Backend | undefined,
    onShutdown: () => void,
    setSampler: (sampler: Sampler | SamplerConfig) => void,
  ) {
    this.provider = provider;
    this.tracer = tracer;
    this.#backend = backend;
    this.#onShutdown = onShutdown;
    this.#setSampler = setSampler;
  }

  span<T>(name: string, ...rest: [fn: (span: Span) => T] | [options: SpanOptions, fn: (span: Span) => T]): T {
    const fn = rest.at(-1);
    const options = (rest.length > 1 ? rest[0] : undefined) ?? {};
    if (typeof fn !== 'function') throw noFunction(name, fn);
    if (!isRecord(options)) throw invalidOption(`tracing.span(${describe(name)}, options, fn)`, options, 'an object');
    return runInSpan(this.tracer, name, options, fn, this.#backend?.operations?.start(name));
  }

  recordError(error: unknown, span: Span | undefined = trace.getActiveSpan()): void {
    if (span) recordError(error, span);
  }

  setSampler(sampler: Sampler | SamplerConfig): void {
    this.#setSampler(sampler);
  }

  stats(): TracingStats {
    return this.#backend?.stats() ?? { created: 0, recorded: 0, sampled: 0, destinations: [] };
  }

  openSpans(options: OpenSpansOptions = {}): OpenSpan[] {
    checkNames('tracing.openSpans', options, ['olderThanMs']);
    return this.#backend?.openSpans(options) ?? [];
  }

  flush(options?: FlushOptions): Promise<FlushResult> {
    const timeoutMs = timeoutOf('tracing.flush', options);
    return this.#shutdown ?? this.#backend?.flush(timeoutMs) ?? Promise.resolve(nothing);
  }

  shutdown(options?: FlushOptions): Promise<FlushResult> {
    const timeoutMs = timeoutOf('tracing.shutdown', options);
    this.#shutdown ??= (this.#backend?.shutdown(timeoutMs) ?? Promise.resolve(nothing)).finally(this.#onShutdown);
    return this.#shutdown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
