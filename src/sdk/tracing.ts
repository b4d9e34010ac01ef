// What startTracing() returns.
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

/** How long {@link Tracing.flush} and {@link Tracing.shutdown} may take. */
export interface FlushOptions {
  /** Milliseconds after which the promise resolves with spans left over. Default 30000. */
  readonly timeoutMs?: number | undefined;
}

/** What {@link startTracing} returns. */
export interface Tracing {
  /** For what wants a provider of its own, such as an instrumentation. Does nothing while `OTEL_SDK_DISABLED=true`. */
  readonly provider: TracerProvider;
  /** Makes spans under the service's own name. */
  readonly tracer: Tracer;

  /**
   * Runs `fn` in a new span, which is active meanwhile, and returns what `fn` returns: a promise if it was one, else the value.
   * The span ends whatever happens; a throw or rejection is recorded on it and passed on unchanged. An object whose `then` may start
   * the work, such as a query builder, is a value: make `fn` async and await it there.
   *
   * With a `meterProvider` (or `operationMetrics: true`) it is counted and timed as well, sampled or not:
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
   * Replaces the sampler, wrapped as the `sampler` option is; spans that have started stay as they are. Wins over
   * `OTEL_TRACES_SAMPLER`. `errorBoost`, `keepErrors` and the like stay in force.
   *
   * @throws MqtraceError `INVALID_OPTION`
   */
  setSampler(sampler: Sampler | SamplerConfig): void;

  /** Counts of spans, requests and times, for every destination. Cheap: plain numbers, copied. */
  stats(): TracingStats;

  /**
   * Recorded spans that have been open for longer than `olderThanMs`, the oldest first: mostly somebody forgot to end them. At
   * most 10,000 open spans are followed. Empty unless `trackOpenSpans` was set.
   */
  openSpans(options?: OpenSpansOptions): OpenSpan[];

  /**
   * Exports what has ended so far, and waits for what is on the wire. Resolves when done or out of time, never rejects; what
   * went wrong is in the result and on `diag`.
   */
  flush(options?: FlushOptions): Promise<FlushResult>;
  /**
   * Drops new spans, exports what is queued, keeps the rest in the spool if there is one, and ends. Never rejects; a
   * second call returns the promise of the first.
   */
  shutdown(options?: FlushOptions): Promise<FlushResult>;
  /** {@link shutdown}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What is behind {@link Tracing}; undefined if the SDK is disabled. */
interface Backend {
  readonly operations: OperationMetrics | undefined;
  stats(): TracingStats;
  openSpans(options?: OpenSpansOptions): OpenSpan[];
  flush(timeoutMs: number): Promise<FlushResult>;
  shutdown(timeoutMs: number): Promise<FlushResult>;
}

/** A promise is what a function returned that was called too early. */
function noFunction(name: unknown, given: unknown): MqtraceError {
  const call = `tracing.span(${describe(name)}, fn)`;
  return invalidOption(
    call,
    given,
    `a function, which runs in the span: tracing.span(${describe(name)}, () => work())`,
  );
}

const defaultTimeoutMs = 30_000;

/** What is wrong is said and not thrown: a process that ends is to send what it has. */
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
