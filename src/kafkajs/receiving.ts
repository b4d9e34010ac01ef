// What a consumer hands to the application.
import { type Attributes, ROOT_CONTEXT } from '@opentelemetry/api';
import { warn } from '../common/warnings.ts';
import {
  ATTR_DESTINATION_PARTITION_ID,
  guard,
  type Incoming,
  mergeAttributes,
  noOperation,
  type Operation,
  replaceMethod,
  runHandler,
  startBatch,
  startProcessing,
} from '../messaging/index.ts';
import { onFirst } from './connection.ts';
import { deliveries, partitionId, ReceivedMessage } from './message.ts';
import { type ClientState, type Source } from './state.ts';
import type { ConsumerLike, KafkaMessageLike } from './types.ts';

/** What is used of a handler's payload. The payload itself reaches the handler as kafkajs made it. */
interface EachMessagePayload {
  topic: string;
  partition: number;
  message: KafkaMessageLike;
}

interface EachBatchPayload {
  batch: { topic: string; partition: number; messages: KafkaMessageLike[] };
}

/** What the messages of one partition have in common, and what was known of the client when it was made. */
interface PartitionSource extends Source {
  known: Attributes;
}

type Handler = (this: unknown, ...args: unknown[]) => unknown;

/** Traces the handlers that a consumer is run with. */
export function traceRun(consumer: ConsumerLike, { messaging, connection }: ClientState): void {
  let run = false;
  // Made once for each partition, and again when more is known of the client; there are as many as Kafka has partitions for it.
  const sources = new Map<string, PartitionSource>();
  const sourceOf = (topic: string, partition: number): PartitionSource => {
    const key = `${partition} ${topic}`;
    const last = sources.get(key);
    const known = connection.attributes;
    if (last !== undefined && last.known === known) return last;
    const attributes = mergeAttributes(known, { [ATTR_DESTINATION_PARTITION_ID]: partitionId(partition) });
    const source = { messaging, destination: { name: topic }, description: { name: 'process', attributes }, known };
    sources.set(key, source);
    return source;
  };

  const startEachMessage = ({ topic, partition, message }: EachMessagePayload): Operation => {
    const source = sourceOf(topic, partition);
    return startProcessing(messaging, source.description, deliver(message, source), ROOT_CONTEXT, { consumed: true });
  };

  const startEachBatch = ({ batch: { topic, partition, messages } }: EachBatchPayload): Operation => {
    const source = sourceOf(topic, partition);
    const incoming = messages.map((message) => deliver(message, source));
    const { attributes } = source.description;
    return startBatch(messaging, { name: 'process', type: 'process', attributes }, incoming);
  };

  onFirst(consumer, 'FETCH_START', () => {
    if (run) return;
    warn('a consumer was traced after run() had been called, so that its messages are not; trace it before');
  });
  replaceMethod(consumer, 'run', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      run = true;
      const config = guard('reading the configuration of run', () =>
        tracedConfig(args[0], {
          eachMessage: (payload) => startEachMessage(payload as EachMessagePayload),
          eachBatch: (payload) => startEachBatch(payload as EachBatchPayload),
        }),
      );
      return config === undefined ? raw.apply(this, args) : raw.call(this, config, ...args.slice(1));
    };
  });
}

/** A copy of what `run` was given, with the handlers traced; undefined where it has none. */
function tracedConfig(
  given: unknown,
  starts: Record<'eachMessage' | 'eachBatch', (payload: unknown) => Operation>,
): object | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const config = given as Record<string, unknown>;
  const traced: Record<string, unknown> = {};
  for (const name of ['eachMessage', 'eachBatch'] as const) {
    const handler = config[name];
    if (typeof handler === 'function') traced[name] = tracedHandler(name, handler as Handler, starts[name]);
  }
  // By name, in case they are accessors of a class.
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

/** Reads what a message carries, and remembers it for `processMessage`. */
function deliver(message: KafkaMessageLike, source: Source): Incoming {
  const received = new ReceivedMessage(message, source);
  deliveries.set(message, received);
  return received;
}

function tracedHandler(name: string, handler: Handler, start: (payload: unknown) => Operation): Handler {
  return function (this: unknown, ...args: unknown[]) {
    const operation = guard(`tracing ${name}`, () => start(args[0])) ?? noOperation(ROOT_CONTEXT);
    return runHandler(operation, () => handler.apply(this, args), { awaited: true });
  };
}
