// Defines the metadata and the attributes of one job.
import type { Attributes, Context } from '@opentelemetry/api';
import { kafkaHeaders } from '../../carriers/kafka-headers.ts';
import {
  ATTR_MESSAGE_DELIVERY_ATTEMPT,
  ATTR_MESSAGE_ID,
  type Destination,
  type MessageContent,
  type Messaging,
  Received,
} from '../messaging/index.ts';
import type { JobLike } from './types.ts';

/** The name of a job, which identifies its kind. */
export const ATTR_JOB_NAME = 'bullmq.job.name';
/** The name of the worker. */
export const ATTR_WORKER_NAME = 'bullmq.worker.name';

/** BullMQ stores metadata as text; mqtrace and `bullmq-otel` store headers as JSON. */
const longestMetadata = 32_768;

/**
 * The ids of jobs created by a scheduler. All carry the metadata of the first one: each starts a trace that links the first one.
 */
const repeated = /^repeat:/;

/** The headers in metadata; none for other values. @internal */
export function readMetadata(metadata: string): Record<string, string> {
  const headers: Record<string, string> = {};
  if (metadata === '' || metadata.length > longestMetadata) return headers;
  try {
    const read: unknown = JSON.parse(metadata);
    if (typeof read !== 'object' || read === null || Array.isArray(read)) return headers;
    for (const [name, value] of Object.entries(read)) {
      if (typeof value === 'string' && name !== '__proto__') headers[name] = value;
    }
  } catch {
    // The metadata was written by another telemetry.
  }
  return headers;
}

/** A processed job: its context, and the data for its attributes. @internal */
export class ReceivedJob extends Received {
  readonly #metadata: string;
  readonly #job: JobLike;

  constructor(messaging: Messaging, metadata: string, destination: Destination, job: JobLike) {
    super(messaging, destination);
    this.#metadata = metadata;
    this.#job = job;
  }

  override get linkOnly(): boolean {
    const { id } = this.#job;
    // One trace for all jobs of a schedule would never end.
    return super.linkOnly || (typeof id === 'string' && repeated.test(id));
  }

  /**
   * The time from which the job could be processed: when it was added, plus its delay. Unknown without the job, and after a retry.
   */
  readSentAt(into: Float64Array): void {
    const { timestamp, opts } = this.#job;
    if (typeof timestamp !== 'number' || (this.attempt ?? 2) > 1) {
      into[0] = Number.NaN;
      return;
    }
    const delay = opts?.delay;
    into[0] = typeof delay === 'number' && delay > 0 ? timestamp + delay : timestamp;
  }

  /** The number of the attempt, from 1; undefined without the job. */
  get attempt(): number | undefined {
    const { attemptsMade } = this.#job;
    return typeof attemptsMade === 'number' ? attemptsMade + 1 : undefined;
  }

  override get content(): MessageContent {
    const job = this.#job;
    return {
      headers: undefined,
      // BullMQ stores the data of a job as JSON.
      get body(): string | undefined {
        return job.data === undefined ? undefined : JSON.stringify(job.data);
      },
    };
  }

  protected extract(): Context {
    return this.messaging.extract(kafkaHeaders, readMetadata(this.#metadata));
  }

  protected describe(): Attributes {
    const { id, name } = this.#job;
    const attributes: Attributes = {};
    if (typeof id === 'string') attributes[ATTR_MESSAGE_ID] = id;
    if (typeof name === 'string') attributes[ATTR_JOB_NAME] = name;
    const { attempt } = this;
    if (attempt !== undefined) attributes[ATTR_MESSAGE_DELIVERY_ATTEMPT] = attempt;
    return attributes;
  }
}
