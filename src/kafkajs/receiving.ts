// Traces the messages that a consumer passes to its handlers.
import { type Attributes, ROOT_CONTEXT } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { RecentMap } from '../common/recent-map.ts';
import { warn } from '../common/warnings.ts';
import {
  applyStarted,
  ATTR_DESTINATION_PARTITION_ID,
  type Destination,
  guard,
  type MessageSource,
  mergeAttributes,
  type Operation,
  replaceMethod,
  startBatch,
  startBatchLightly,
  startProcessingLightly,
  type Unsampled,
} from '../messaging/index.ts';
import { onFirst } from './connection.ts';
import type { ConsumerLag, Position } from './lag.ts';
import { partitionId, readSentAt, ReceivedMessage } from './message.ts';
import { startOn } from './process-message.ts';
import { type ClientState, receivedMessages } from './state.ts';
import type { ConsumerLike, KafkaMessageLike } from './types.ts';

/** The used part of a handler's payload. The payload itself reaches the handler unchanged. */
interface EachMessagePayload {
  topic: string;
  partition: number;
  message: KafkaMessageLike;
}

interface EachBatchPayload {
  batch: { topic: string; partition: number; messages: KafkaMessageLike[] };
}

/** The common attributes of one partition's messages, and the client attributes at the time of creation. */
interface PartitionSource extends MessageSource {
  destination: Destination;
  topic: string;
  partition: number;
  known: Attributes;
  position: Position;
}

type Handler = (this: unknown, ...args: unknown[]) => unknown;

/** Traces the handlers that are passed to `run`. */
export function traceRun(consumer: ConsumerLike, { messaging, connection }: ClientState, lag: ConsumerLag): void {
  let hasRun = false;
  // One for each partition. Replaced when more client attributes are known.
  const sources = new RecentMap<string, PartitionSource>(1000);
  let last: PartitionSource | undefined;
  const sourceOf = (topic: string, partition: number): PartitionSource => {
    const known = connection.attributes;
    if (last?.topic === topic && last.partition === partition && last.known === known) return last;
    const key = `${partition} ${topic}`;
    last = sources.get(key);
    if (last?.known === known) return last;
    const attributes = mergeAttributes(known, { [ATTR_DESTINATION_PARTITION_ID]: partitionId(partition) });
    const description = { name: 'process', attributes };
    const position = lag.position(topic, partition);
    last = { messaging, destination: { name: topic }, description, topic, partition, known, position };
    sources.set(key, last);
    return last;
  };

  const startEachMessage = ({ topic, partition, message }: EachMessagePayload): Operation | Unsampled => {
    const source = sourceOf(topic, partition);
    source.position.start(message.offset);
    if (messaging.readsLate) {
      receivedMessages.set(message, source);
      return startOn(message, source, ROOT_CONTEXT, 'delivered');
    }
    const received = deliver(message, source);
    return startProcessingLightly(messaging, source.description, received, ROOT_CONTEXT, 'delivered');
  };

  const startEachBatch = ({ batch: { topic, partition, messages } }: EachBatchPayload): Operation | Unsampled => {
    const source = sourceOf(topic, partition);
    const light = startBatchLightly(source, messages, readSentAt);
    if (light !== undefined) {
      for (const message of messages) receivedMessages.set(message, source);
      return light;
    }
    const incoming = messages.map((message) => deliver(message, source));
    if (!messaging.readsLate) for (const message of incoming) message.read();
    const { attributes } = source.description;
    return startBatch(messaging, { name: 'process', type: 'process', attributes }, incoming);
  };

  onFirst(consumer, 'FETCH_START', () => {
    if (hasRun) return;
    warn('a consumer was traced after run() had been called; its messages are not traced. Trace it before run()');
  });
  replaceMethod(consumer, 'run', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      hasRun = true;
      const config = guard('reading the configuration of run', () =>
        tracedConfig(args[0], {
          eachMessage: (payload) => startEachMessage(payload as EachMessagePayload),
          eachBatch: (payload) => startEachBatch(payload as EachBatchPayload),
        }),
      );
      guard('noting how a consumer is run', () => lag.run((config ?? {}) as Record<string, unknown>));
      return config === undefined ? raw.apply(this, args) : raw.call(this, config, ...args.slice(1));
    };
  });
}

/** A copy of the configuration of `run` with traced handlers; undefined if there are none. */
function tracedConfig(
  given: unknown,
  starts: Record<'eachMessage' | 'eachBatch', (payload: unknown) => Operation | Unsampled>,
): object | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const config = given as Record<string, unknown>;
  const traced: Record<string, unknown> = {};
  for (const name of ['eachMessage', 'eachBatch'] as const) {
    const handler = config[name];
    if (typeof handler === 'function') traced[name] = tracedHandler(name, handler as Handler, starts[name]);
  }
  // By name, because they may be class accessors.
  const { autoCommit, autoCommitInterval, autoCommitThreshold } = config;
  const { eachBatchAutoResolve, partitionsConsumedConcurrently, eachMessage, eachBatch } = config;
  return {
    ...config,
    autoCommit,
    autoCommitInterval,
    autoCommitThreshold,
    eachBatchAutoResolve,
    partitionsConsumedConcurrently,
    eachMessage,
    eachBatch,
    ...traced,
  };
}

/** Stores a message for `processMessage`. */
function deliver(message: KafkaMessageLike, source: MessageSource): ReceivedMessage {
  const received = new ReceivedMessage(message, source);
  receivedMessages.set(message, received);
  return received;
}

const awaited = { awaited: true };

function tracedHandler(name: string, handler: Handler, start: (payload: unknown) => Operation | Unsampled): Handler {
  const what = `tracing ${name}`;
  return function (this: unknown, ...args: unknown[]) {
    let started: Operation | Unsampled = ROOT_CONTEXT;
    try {
      started = start(args[0]);
    } catch (error) {
      reportFault(what, error);
    }
    return applyStarted(started, handler, this, args, awaited);
  };
}
