// The parts of BullMQ that are used, of versions 5 and 6. Written out, so that the package's types need no BullMQ.
import type { Context } from '@opentelemetry/api';

/** A `Span` as BullMQ's telemetry interface has it. */
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

/** What is read of a job. */
export interface JobLike {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly timestamp?: unknown;
  readonly attemptsMade?: unknown;
  readonly opts?: { readonly delay?: unknown } | undefined;
}

/** What `traceWorker` takes: a `Worker` of BullMQ. */
export interface WorkerLike {
  readonly name: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a Worker's options, which differ by version
  readonly opts: any;
}

/** What `traceFlowProducer` takes: a `FlowProducer` of BullMQ. */
export interface FlowProducerLike {
  // oxlint-disable-next-line typescript/no-explicit-any -- flows differ by version
  add(flow: any, opts?: any): Promise<any>;
  // oxlint-disable-next-line typescript/no-explicit-any -- flows differ by version
  addBulk(flows: any[]): Promise<any[]>;
}
