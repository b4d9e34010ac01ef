import { ROOT_CONTEXT } from '@opentelemetry/api';
import { invalidOption } from '../common/errors.ts';
import {
  ATTR_MESSAGE_DELIVERY_ATTEMPT,
  checkClient,
  guard,
  type Incoming,
  mergeAttributes,
  type Operation,
  runInContext,
  startProcessing,
} from '../messaging/index.ts';
import { type ConsumerClient, consumerClient, streamKeys } from './consumer/client.ts';
import type { DeliveredEntry } from './consumer/entries.ts';
import type { ConsumerGuest, GuestOfEntry } from './consumer/guest.ts';
import { consumeSettings, type ConsumeStreamOptions, type StreamMessage } from './consumer/options.ts';
import { StreamConsumer } from './consumer/stream-consumer.ts';
import { receivedEntries } from './state.ts';
import { traceRedis } from './trace-redis.ts';
import type { RedisLike } from './types.ts';

/** A consumer that runs. */
export interface RunningConsumer {
  /** Stops it: a handler that runs is waited for, its entry acknowledged. Resolves when nothing of it goes on; never rejects. */
  stop(): Promise<void>;
  /**
   * Resolves when it was stopped. Rejects where it cannot go on: a key that is no stream, missing rights, streams in different slots
   * of a Cluster, a group that Redis refuses to make, a client that gave up connecting. It may be left alone: `onError` is told, too.
   */
  readonly done: Promise<void>;
}

/**
 * Consumes streams as a member of a consumer group, on a connection of its own: makes the group, works off what is pending for this
 * consumer, then handles what comes in, one entry after the other, each in its own trace and with its baggage. An entry is
 * acknowledged once the handler has returned or its promise has resolved. One whose handler fails stays pending; it is handled again
 * after `minIdleMs`, by whichever consumer of the group claims it. Delivery is at least once.
 *
 * @param redis - the client to duplicate. If it is traced, with its options; else with the default ones.
 * @param options - see {@link ConsumeStreamOptions}.
 * @param handler - what it returns is awaited.
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
  // Neither the connection nor the loop belongs to what happens to be active now.
  return runInContext(ROOT_CONTEXT, () => {
    const client = consumerClient(redis);
    guard('tracing a consumer', () => traceRedis(client));
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

/** The process operation of an entry; none where the entry could not be read for tracing. */
const begin: ConsumerGuest['begin'] = ({ source }: DeliveredEntry, deliveryAttempt): GuestOfEntry | undefined => {
  const known = receivedEntries.get(source);
  if (known === undefined) return undefined;
  const { tracing, incoming, attributes } = known;
  const attempt = deliveryAttempt === undefined ? undefined : { [ATTR_MESSAGE_DELIVERY_ATTEMPT]: deliveryAttempt };
  const message: Incoming = {
    context: incoming.context,
    creation: incoming.creation,
    destination: incoming.destination,
    attributes: mergeAttributes(incoming.attributes, attempt),
    linkOnly: incoming.linkOnly,
    sentAt: incoming.sentAt,
  };
  return new TracedEntry(startProcessing(tracing.messaging, { name: 'process', attributes }, message));
};

class TracedEntry implements GuestOfEntry {
  readonly #operation: Operation;

  constructor(operation: Operation) {
    this.#operation = operation;
  }

  run(fn: () => void): void {
    runInContext(this.#operation.context, fn);
  }

  end(): void {
    this.#operation.end();
  }

  fail(error: unknown): void {
    this.#operation.fail(error);
  }
}
