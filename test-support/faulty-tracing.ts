// Provides tracing whose parts can be broken one at a time while clients are connected, to show that the application is not
// affected.
import {
  type Context,
  context as contextApi,
  type ContextManager,
  type Span,
  type TextMapPropagator,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type Sampler, SamplingDecision, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { mqtracePropagator } from 'mqtrace';

/** What a broken part does when it is called. */
export type Way =
  | 'throws'
  | 'returns undefined'
  | 'returns null'
  | 'returns a rejection'
  | 'does not call'
  | 'calls twice';

/** One part of tracing, broken in one way. */
export interface Fault {
  part: string;
  way: Way;
}

const parts: Readonly<Record<string, readonly Way[]>> = {
  startSpan: ['throws', 'returns undefined', 'returns null'],
  'span.spanContext': ['throws', 'returns undefined', 'returns null'],
  'span.isRecording': ['throws'],
  'span.setAttributes': ['throws'],
  'span.setAttribute': ['throws'],
  'span.setStatus': ['throws'],
  'span.recordException': ['throws'],
  'span.end': ['throws'],
  'sampler.shouldSample': ['throws', 'returns undefined', 'returns null'],
  'processor.onStart': ['throws'],
  'processor.onEnd': ['throws'],
  'propagator.inject': ['throws'],
  'propagator.extract': ['throws', 'returns undefined', 'returns null'],
  'propagator.fields': ['throws', 'returns undefined', 'returns null'],
  'context.active': ['throws', 'returns undefined', 'returns null'],
  'context.with': ['throws', 'returns undefined', 'returns null', 'does not call', 'calls twice'],
  parenting: ['throws', 'returns undefined', 'returns null', 'returns a rejection'],
  baggage: ['throws', 'returns null', 'returns a rejection'],
  trust: ['throws', 'returns a rejection'],
};

/** All faults. */
export const faults: readonly Fault[] = Object.entries(parts).flatMap(([part, ways]) =>
  ways.map((way) => ({ part, way })),
);

/** Tracing that can be broken. */
export interface FaultyTracing {
  /** Options for any wrapper. */
  readonly options: {
    tracerProvider: TracerProvider;
    propagator: TextMapPropagator;
    parenting: () => 'parent';
    baggage: (destination: string) => object | undefined;
    trust: (destination: string) => 'continue';
  };
  /** Breaks one part from now on; undefined repairs it. */
  use(fault: Fault | undefined): void;
}

/** Creates tracing that can be broken, and registers its context manager. */
export function createFaultyTracing(): FaultyTracing {
  let current: Fault | undefined;
  /** The broken method if it is the current fault, else the working one. */
  const broken = <Args extends unknown[], R>(part: string, working: (...args: Args) => R): ((...args: Args) => R) => {
    return (...args) => {
      if (current?.part !== part) return working(...args);
      switch (current.way) {
        case 'throws':
          throw new Error(`${part} is broken`);
        case 'returns null':
          working(...args);
          return null as R;
        case 'returns a rejection':
          return Promise.reject(new Error(`${part} rejects`)) as R;
        case 'calls twice':
          working(...args);
          return working(...args);
        case 'returns undefined':
          working(...args);
          return undefined as R;
        default:
          return undefined as R;
      }
    };
  };

  const manager = new AsyncLocalStorageContextManager();
  const active = manager.active.bind(manager);
  const run: ContextManager['with'] = manager.with.bind(manager);
  manager.active = broken('context.active', active);
  manager.with = broken('context.with', (context: Context, fn: () => unknown, self?: unknown, ...args: unknown[]) =>
    run(context, fn as never, self as never, ...(args as never[])),
  ) as never;
  contextApi.disable();
  contextApi.setGlobalContextManager(manager);

  const sampler: Sampler = {
    shouldSample: broken('sampler.shouldSample', () => ({ decision: SamplingDecision.RECORD_AND_SAMPLED })),
    toString: () => 'Faulty',
  };
  const processor: SpanProcessor = {
    onStart: broken('processor.onStart', () => undefined),
    onEnd: broken('processor.onEnd', () => undefined),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new BasicTracerProvider({ sampler, spanProcessors: [processor] });
  const breakSpan = (span: Span): Span => {
    for (const part of Object.keys(parts).filter((name) => name.startsWith('span.'))) {
      const name = part.slice('span.'.length) as 'end';
      span[name] = broken(part, span[name].bind(span));
    }
    return span;
  };
  const tracer = provider.getTracer('mqtrace');
  const startSpan = broken('startSpan', (...args: Parameters<Tracer['startSpan']>) =>
    breakSpan(tracer.startSpan(...args)),
  );

  // A function option is called once per destination, so each fault needs a separate destination.
  return {
    options: {
      tracerProvider: {
        getTracer: () => ({ startSpan, startActiveSpan: tracer.startActiveSpan.bind(tracer) as never }),
      },
      propagator: {
        inject: broken('propagator.inject', mqtracePropagator.inject.bind(mqtracePropagator)),
        extract: broken('propagator.extract', mqtracePropagator.extract.bind(mqtracePropagator)),
        fields: broken('propagator.fields', mqtracePropagator.fields.bind(mqtracePropagator)),
      },
      parenting: broken('parenting', () => 'parent'),
      baggage: broken('baggage', (): object | undefined => undefined),
      trust: broken('trust', (): 'continue' => 'continue'),
    },
    use(fault) {
      current = fault;
    },
  };
}
