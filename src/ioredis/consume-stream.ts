// Implements consumeStream(): the consumer-group loop with tracing.
import { type Attributes, type Context, ROOT_CONTEXT, type SpanContext } from '@opentelemetry/api';
import { invalidOption } from '../common/errors.ts';
import {
  ATTR_MESSAGE_DELIVERY_ATTEMPT,
  checkClient,
  contextWithoutSpan,
  type Destination,
  guard,
  type Incoming,
  isClaimed,
  mergeAttributes,
  type Operation,
  runInContext,
  startProcessing,
} from '../messaging/index.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { type ConsumerClient, consumerClient, streamKeys } from './consumer/client.ts';
import type { DeliveredEntry } from './consumer/entries.ts';
import type { ConsumerObserver, EntryObserver } from './consumer/observer.ts';
import { consumeSettings, type ConsumeStreamOptions, type StreamMessage } from './consumer/options.ts';
import { StreamConsumer } from './consumer/stream-consumer.ts';
import type { ReceivedMessage } from './message.ts';
import { receivedEntries } from './state.ts';
import { traceRedis } from './trace-redis.ts';
import type { RedisLike } from './types.ts';

/** A running consumer. */
export interface RunningConsumer {
  /**
   * Stops the consumer. Waits for a running handler, and acknowledges its entry. Resolves when the consumer has stopped; never
   * rejects.
   */
  stop(): Promise<void>;
  /**
   * Resolves when the consumer was stopped. Rejects with errors that a retry would not resolve: a key that is not a stream, missing
   * permissions, streams in different slots of a Cluster, a group that Redis does not create, a client that stopped connecting. It
   * does not need a rejection handler: `onError` gets the same error.
   */
  readonly done: Promise<void>;
}

/**
 * Consumes streams as a member of a consumer group, on a separate connection. It creates the group, handles the entries that are
 * pending for this consumer, and then new ones: one after the other, each in its own trace and with its baggage. An entry is
 * acknowledged when the handler has returned or its promise has resolved. An entry whose handler fails stays pending and is handled
 * again after `minIdleMs`, by the consumer of the group that claims it first. Delivery is at least once.
 *
 * @param redis - the client to duplicate. A traced client is duplicated with its options, another one is traced with the default ones.
 * @param options - see {@link ConsumeStreamOptions}.
 * @param handler - called with each message; its result is awaited.
 * @throws MqtraceError `INVALID_OPTION`, `INVALID_CLIENT`
 */
export function consumeStream(
  redis: RedisLike,
  options: ConsumeStreamOptions,
  handler: (message: StreamMessage) => unknown,
): RunningConsumer {
  checkClient('consumeStream', redis, ['sendCommand', 'pipeline', 'duplicate'], 'an ioredis Redis or Cluster');
  const settings = consumeSettings(options);
  if (typeof handler !== 'function') throw invalidOption('consumeStream handler', handler, 'a function');
  // The connection and the loop outlive the operation that starts them.
  return runInContext(ROOT_CONTEXT, () => {
    const client = consumerClient(redis);
    // A duplicate of a traced client has its options, also of one that was traced as it was made.
    guard('tracing a consumer', () => isClaimed(client) || traceRedis(client));
    const streams = streamKeys(redis, settings.streams);
    const consumer = new StreamConsumer(client as unknown as ConsumerClient, streams, settings, handler, { begin });
    const done = consumer.run();
    const ended = done.catch(() => {});
    return {
      done,
      stop: (): Promise<void> => {
        consumer.stop();
        return ended;
      },
    };
  });
}

/** Starts the process operation of an entry. Undefined if tracing failed to read the entry. */
const begin: ConsumerObserver['begin'] = (entry: DeliveredEntry, deliveryAttempt): EntryObserver | undefined => {
  const known = receivedEntries.get(entry.source);
  if (known === undefined) return undefined;
  const { source, incoming } = known;
  const { messaging } = source.tracing;
  const context = metricsEpoch() === 0 ? contextWithoutSpan(messaging, incoming, ROOT_CONTEXT) : undefined;
  if (context !== undefined) return new UnsampledEntry(context);
  const message = deliveryAttempt === undefined ? incoming : new AttemptedEntry(incoming, deliveryAttempt);
  return new TracedEntry(startProcessing(messaging, source, message, ROOT_CONTEXT, 'read'));
};

/** An entry of which the consumer knows how often it was delivered. */
class AttemptedEntry implements Incoming {
  readonly attempt: number;
  readonly #entry: ReceivedMessage;

  constructor(entry: ReceivedMessage, attempt: number) {
    this.#entry = entry;
    this.attempt = attempt;
  }

  get context(): Context {
    return this.#entry.context;
  }

  get creation(): SpanContext | undefined {
    return this.#entry.creation;
  }

  get destination(): Destination | undefined {
    return this.#entry.destination;
  }

  get attributes(): Attributes {
    return mergeAttributes(this.#entry.attributes, { [ATTR_MESSAGE_DELIVERY_ATTEMPT]: this.attempt });
  }

  get linkOnly(): boolean | undefined {
    return this.#entry.linkOnly;
  }

  get sentAt(): number | undefined {
    return this.#entry.sentAt;
  }

  readSentAt(into: Float64Array): void {
    this.#entry.readSentAt(into);
  }
}

/** An entry that has no span and is not measured. */
class UnsampledEntry implements EntryObserver {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  run<R>(fn: () => R): R {
    return runInContext(this.#context, fn);
  }

  end(): void {}

  fail(): void {}
}

class TracedEntry implements EntryObserver {
  readonly #operation: Operation;

  constructor(operation: Operation) {
    this.#operation = operation;
  }

  run<R>(fn: () => R): R {
    return runInContext(this.#operation.context, fn);
  }

  end(): void {
    this.#operation.end();
  }

  fail(error: unknown): void {
    this.#operation.fail(error);
  }
}
