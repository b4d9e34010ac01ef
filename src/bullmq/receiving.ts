// Traces the processing of jobs: one span per attempt.
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { isTracingSuppressed } from '../common/suppression.ts';
import {
  ATTR_CLIENT_ID,
  ATTR_MESSAGE_DELIVERY_ATTEMPT,
  createStamp,
  guard,
  type Messaging,
  noOperation,
  type Operation,
  type Stamp,
  startProcessing,
} from '../messaging/index.ts';
import { ATTR_WORKER_NAME, ReceivedJob } from './message.ts';
import { PendingContext } from './pending-context.ts';
import { withMetadata } from './state.ts';
import type { BullmqSpan, JobLike } from './types.ts';

/** The spans of jobs that traced workers process, for the errors of their processors. @internal */
export const processSpans: Stamp<ProcessSpan> = createStamp();

/**
 * The span of processing one job. BullMQ provides the job only when it runs in the span's context, so the span starts then, and its
 * context is set afterwards.
 *
 * @internal
 */
export class ProcessSpan implements BullmqSpan {
  readonly #messaging: Messaging;
  /** Known from `traceWorker`, else built from BullMQ's data. */
  readonly #job: JobLike | undefined;
  readonly #metadata: string;
  readonly #suppressed: boolean;
  #queue = '';
  #error: { readonly value: unknown } | undefined;
  #operation: Operation | undefined;
  #context: PendingContext | undefined;

  constructor(messaging: Messaging, job: JobLike | undefined, active: Context, metadata: string) {
    this.#messaging = messaging;
    this.#job = job;
    this.#metadata = metadata;
    this.#suppressed = isTracingSuppressed(active);
    if (job !== undefined) processSpans.set(job, this);
  }

  setSpanOnContext(context: Context): Context {
    if (this.#suppressed) return context;
    this.#context = new PendingContext(() => this.#started(this.#job ?? {}));
    return this.#context;
  }

  setAttribute(key: string, value: unknown): void {
    this.setAttributes({ [key]: value });
  }

  setAttributes(given: Readonly<Record<string, unknown>>): void {
    if (this.#suppressed) return;
    const queue = given['bullmq.queue.name'];
    if (typeof queue === 'string') this.#queue = queue;
    const id = given['bullmq.job.id'];
    const name = given['bullmq.job.name'];
    if (id !== undefined || name !== undefined) this.#context?.resolve(() => this.#started(this.#job ?? { id, name }));
    const attempts = given['bullmq.job.attempts.made'];
    const worker = given['bullmq.worker.name'];
    const client = given['bullmq.worker.id'];
    this.#operation?.set(() => ({
      [ATTR_MESSAGE_DELIVERY_ATTEMPT]: typeof attempts === 'number' ? attempts : undefined,
      [ATTR_WORKER_NAME]: typeof worker === 'string' ? worker : undefined,
      [ATTR_CLIENT_ID]: typeof client === 'string' ? client : undefined,
    }));
  }

  /** BullMQ reports the failure of a job by an event with only the error message. */
  addEvent(name: string, attributes?: Readonly<Record<string, unknown>>): void {
    if (name !== 'job failed') return;
    if (this.#error !== undefined) {
      this.#operation?.fail(this.#error.value);
      return;
    }
    const reason = attributes?.['bullmq.job.failed.reason'];
    this.#operation?.fail(new Error(typeof reason === 'string' ? reason : 'the job failed'), '_OTHER');
  }

  /** The error of the processor. BullMQ decides whether the job has failed: some errors only move it. */
  noteError(value: unknown): void {
    this.#error = { value };
  }

  recordException(error: unknown): void {
    this.#operation?.fail(error);
  }

  end(): void {
    this.#operation?.end();
  }

  #started(job: JobLike): Context {
    const destination = { name: this.#queue };
    const operation =
      guard('processing a job', () => {
        const incoming = new ReceivedJob(this.#messaging, this.#metadata, destination, job);
        return startProcessing(this.#messaging, { name: 'process' }, incoming, ROOT_CONTEXT, 'delivered');
      }) ?? noOperation(ROOT_CONTEXT);
    this.#operation = operation;
    // The next attempt has the context with which the job was added, and is not part of this one.
    return withMetadata(operation.context, this.#metadata);
  }
}
