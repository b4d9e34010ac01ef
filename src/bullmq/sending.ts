// Traces the addition of jobs: the spans of add, addBulk and flows.
import { type Context, SpanKind } from '@opentelemetry/api';
import { kafkaHeaders } from '../../carriers/kafka-headers.ts';
import {
  ATTR_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGE_ID,
  guard,
  type Messaging,
  noOperation,
  type Operation,
  startOperation,
  startSending,
} from '../messaging/index.ts';
import { ATTR_JOB_NAME } from './message.ts';
import { withMetadata } from './state.ts';
import type { BullmqSpan } from './types.ts';

/** BullMQ's names of the operations that add jobs. Each job of a flow is added by one operation. */
const kinds: Readonly<Record<string, 'one' | 'bulk' | 'flow'>> = {
  add: 'one',
  addNode: 'one',
  addBulk: 'bulk',
  addFlow: 'flow',
  addBulkFlows: 'flow',
};

/** Whether an operation of this name adds jobs. @internal */
export function addsJobs(operation: string): boolean {
  return Object.hasOwn(kinds, operation);
}

/**
 * The span of one operation that adds jobs. BullMQ provides the queue right after the start, so the span starts when the context is
 * requested.
 *
 * @internal
 */
export class SendingSpan implements BullmqSpan {
  readonly #messaging: Messaging;
  readonly #name: string;
  readonly #kind: 'one' | 'bulk' | 'flow';
  #queue = '';
  #operation: Operation | undefined;

  constructor(messaging: Messaging, name: string) {
    this.#messaging = messaging;
    this.#name = name;
    this.#kind = kinds[name]!;
  }

  setSpanOnContext(context: Context): Context {
    return guard('adding a job', () => this.#start(context)) ?? context;
  }

  setAttribute(key: string, value: unknown): void {
    this.setAttributes({ [key]: value });
  }

  setAttributes(given: Readonly<Record<string, unknown>>): void {
    const queue = given['bullmq.queue.name'];
    if (typeof queue === 'string') this.#queue = queue;
    const id = given['bullmq.job.id'];
    const name = given['bullmq.job.name'];
    const count = given['bullmq.job.bulk.count'];
    this.#operation?.set(() => ({
      [ATTR_MESSAGE_ID]: typeof id === 'string' ? id : undefined,
      [ATTR_JOB_NAME]: typeof name === 'string' ? name : undefined,
      [ATTR_BATCH_MESSAGE_COUNT]: typeof count === 'number' ? count : undefined,
    }));
    if (typeof count === 'number' && this.#kind === 'bulk') this.#operation?.countSent(count);
  }

  addEvent(): void {
    // BullMQ adds none to these spans.
  }

  recordException(error: unknown): void {
    this.#operation?.fail(error);
  }

  end(): void {
    this.#operation?.end();
  }

  #start(context: Context): Context {
    const name = this.#queue;
    const destination = name === '' ? undefined : { name };
    if (this.#kind === 'flow' || destination === undefined) {
      const description = { name: this.#name, type: 'send', destination } as const;
      const measurement = this.#messaging.measurer.start(this.#name, 'send', destination, undefined);
      this.#operation = this.#messaging.shouldSkip(context)
        ? noOperation(context, measurement)
        : startOperation(this.#messaging, description, { kind: SpanKind.CLIENT, parent: context, measurement });
      return this.#operation.context;
    }
    const messages = [{ destination, headers: {} }];
    // oxlint-disable-next-line typescript/no-explicit-any -- metadata is text, which these headers store unchanged
    const { operation, headers } = startSending<any>(
      this.#messaging,
      kafkaHeaders,
      { name: this.#name },
      messages,
      context,
    );
    this.#operation = operation;
    const [carried] = headers as unknown[];
    return carried === undefined ? operation.context : withMetadata(operation.context, JSON.stringify(carried));
  }
}
