// Describes the used parts of BullMQ 5 and 6 structurally, so that the package's types do not need BullMQ.
import type { Context } from '@opentelemetry/api';

/** A `Span` of BullMQ's telemetry interface. */
export interface BullmqSpan {
  setSpanOnContext(context: Context): Context;
  setAttribute(key: string, value: unknown): void;
  setAttributes(attributes: Readonly<Record<string, unknown>>): void;
  addEvent(name: string, attributes?: Readonly<Record<string, unknown>>): void;
  recordException(exception: unknown, time?: unknown): void;
  end(): void;
}

/** BullMQ's `Telemetry` interface. */
export interface BullmqTelemetry {
  readonly tracer: {
    startSpan(name: string, options?: { readonly kind: number }, context?: Context): BullmqSpan;
  };
  readonly contextManager: {
    // oxlint-disable-next-line typescript/no-explicit-any -- as the interface of BullMQ has it
    with<A extends (...args: any[]) => any>(context: Context, fn: A): ReturnType<A>;
    active(): Context;
    root(): Context;
    getMetadata(context: Context): string;
    fromMetadata(active: Context, metadata: string): Context;
  };
}

/** The part of a job that is read. */
export interface JobLike {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly timestamp?: unknown;
  readonly attemptsMade?: unknown;
  readonly data?: unknown;
  readonly opts?: { readonly delay?: unknown } | undefined;
}

/** The argument of `traceWorker`: a `Worker` of BullMQ. */
export interface WorkerLike {
  readonly name: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a Worker's options, which differ by version
  readonly opts: any;
}

/** The argument of `traceFlowProducer`: a `FlowProducer` of BullMQ. */
export interface FlowProducerLike {
  // oxlint-disable-next-line typescript/no-explicit-any -- flows differ by version
  add(flow: any, opts?: any): Promise<any>;
  // oxlint-disable-next-line typescript/no-explicit-any -- flows differ by version
  addBulk(flows: any[]): Promise<any[]>;
}
