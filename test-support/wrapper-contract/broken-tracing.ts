// A real SDK, propagator and context manager, one part of which can be broken at run time.
import {
  type Context,
  type ContextManager,
  ROOT_CONTEXT,
  type Span,
  type TextMapPropagator,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type ReadableSpan, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { mqtracePropagator } from '../../src/index.ts';

/** How a broken part behaves. */
export const failures = ['throws', 'returns undefined', 'returns null', 'returns a rejected promise'] as const;
export type Failure = (typeof failures)[number] | 'returns without a call' | 'calls twice';

const spanMethods = [
  'spanContext',
  'isRecording',
  'setAttribute',
  'setAttributes',
  'addEvent',
  'addLink',
  'addLinks',
  'recordException',
  'setStatus',
  'updateName',
  'end',
] as const;

const otherParts = [
  'tracer.startSpan',
  'propagator.inject',
  'propagator.extract',
  'propagator.fields',
  'sampler.shouldSample',
  'processor.onStart',
  'processor.onEnd',
  'context.active',
  'context.with',
  'context.bind',
] as const;

/** The parts that can be broken, each with one function. */
export type Part = (typeof otherParts)[number] | `span.${(typeof spanMethods)[number]}`;
export const parts: readonly Part[] = [...otherParts, ...spanMethods.map((name): Part => `span.${name}`)];

/** Every part with every failure that it can have. */
export const faults: readonly (readonly [Part, Failure])[] = [
  ...parts.flatMap((part) =>
    failures
      // How an SDK handles a promise that its sampler or processor returns is outside of our scope.
      .filter((failure) => failure !== 'returns a rejected promise' || !/^(sampler|processor)/.test(part))
      .map((failure) => [part, failure] as const),
  ),
  ['context.with', 'returns without a call'],
  ['context.with', 'calls twice'],
];

/** Tracing that works until a part of it is broken. */
export class BrokenTracing {
  /** The spans that have ended. */
  readonly ended: ReadableSpan[] = [];
  readonly tracerProvider: TracerProvider;
  readonly propagator: TextMapPropagator;
  readonly contextManager: ContextManager;
  /** How often a broken part was called. */
  broken = 0;
  #part: Part | undefined;
  #failure: Failure = 'throws';

  constructor() {
    const sampler: Sampler = {
      shouldSample: () => this.#run('sampler.shouldSample', () => ({ decision: SamplingDecision.RECORD_AND_SAMPLED })),
      toString: () => 'BrokenSampler',
    };
    const provider = new BasicTracerProvider({
      sampler,
      spanProcessors: [
        {
          // Not a processor of the SDK, because these use the context manager, which may be broken.
          onStart: () => this.#run('processor.onStart', () => {}),
          onEnd: (span: ReadableSpan) => this.#run('processor.onEnd', () => void this.ended.push(span)),
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      ],
    });
    // With another scope name, because spans with failed parts cannot follow the conventions.
    this.tracerProvider = { getTracer: () => this.#tracer(provider.getTracer('broken')) };
    this.propagator = {
      inject: (...args) => this.#run('propagator.inject', () => mqtracePropagator.inject(...args)),
      extract: (...args) => this.#run('propagator.extract', () => mqtracePropagator.extract(...args)),
      fields: () => this.#run('propagator.fields', () => mqtracePropagator.fields()),
    };
    this.contextManager = this.#contextManager(new AsyncLocalStorageContextManager().enable());
  }

  /** Breaks one part; undefined repairs all parts. */
  break(part: Part | undefined, failure: Failure = 'throws'): void {
    this.#part = part;
    this.#failure = failure;
    this.broken = 0;
  }

  #run<T>(part: Part, work: () => T): T {
    if (part !== this.#part) return work();
    this.broken++;
    if (this.#failure === 'calls twice') work();
    if (this.#failure === 'calls twice') return work();
    if (this.#failure === 'throws') throw new Error(`${part} is broken`);
    if (this.#failure === 'returns a rejected promise') return Promise.reject(new Error(`${part} is broken`)) as T;
    return (this.#failure === 'returns null' ? null : undefined) as T;
  }

  #tracer(tracer: Tracer): Tracer {
    return {
      startSpan: (...args) => this.#run('tracer.startSpan', () => this.#span(tracer.startSpan(...args))),
      startActiveSpan: () => {
        throw new Error('wrappers start spans with startSpan');
      },
    };
  }

  /**
   * A span with the same methods, each of which can be broken; the SDK's own span is not changed, because the SDK
   * calls it too.
   */
  #span(whole: Span): Span {
    const breakable: Record<string, unknown> = {};
    for (const name of spanMethods) {
      // oxlint-disable-next-line typescript/unbound-method -- called on the span below
      const method = whole[name] as (...args: unknown[]) => unknown;
      breakable[name] = (...args: unknown[]): unknown =>
        this.#run(`span.${name}`, () => {
          const result = method.apply(whole, args);
          return result === whole ? breakable : result;
        });
    }
    return breakable as unknown as Span;
  }

  #contextManager(working: ContextManager): ContextManager {
    return {
      active: () => this.#run('context.active', () => working.active() ?? ROOT_CONTEXT),
      with: (context: Context, fn, self, ...args) =>
        this.#run('context.with', () => working.with(context, fn, self, ...args)),
      bind: (context, target) => this.#run('context.bind', () => working.bind(context, target)),
      enable() {
        return this;
      },
      disable() {
        return this;
      },
    };
  }
}
