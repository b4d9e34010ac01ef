import { type Attributes, ROOT_CONTEXT } from '@opentelemetry/api';
import {
  ATTR_DESTINATION_PARTITION_ID,
  guard,
  type Messaging,
  noOperation,
  type Operation,
  replaceMethod,
  runHandler,
  startBatch,
  startProcessing,
} from '../messaging/index.ts';
import type { ClientAttributes } from './client-attributes.ts';
import { partitionId } from './message.ts';
import { type Delivery, deliver } from './process-message.ts';
import type { KafkaMessageLike } from './types.ts';

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
interface Processing extends Omit<Delivery, 'incoming'> {
  known: Attributes;
  broker: Attributes | undefined;
}

type Handler = (this: unknown, ...args: unknown[]) => unknown;

/** Traces the handlers that a consumer is run with. */
export function traceRun(consumer: object, messaging: Messaging, facts: ClientAttributes): void {
  // Made once for each partition, and again when more is known of the client; there are as many as Kafka has partitions for it.
  const made = new Map<string, Processing>();
  const processing = (topic: string, partition: number): Processing => {
    const key = `${partition} ${topic}`;
    const last = made.get(key);
    if (last !== undefined && last.known === facts.attributes && last.broker === facts.broker) return last;
    const { attributes: known, broker } = facts;
    const attributes = { ...known, ...broker, [ATTR_DESTINATION_PARTITION_ID]: partitionId(partition) };
    const description = { name: 'process', attributes };
    const next = { messaging, destination: { name: topic }, description, known, broker };
    made.set(key, next);
    return next;
  };

  const startEachMessage = ({ topic, partition, message }: EachMessagePayload): Operation => {
    const { description, incoming } = deliver(message, processing(topic, partition));
    return startProcessing(messaging, description, incoming);
  };

  const startEachBatch = ({ batch: { topic, partition, messages } }: EachBatchPayload): Operation => {
    const shared = processing(topic, partition);
    const incoming = messages.map((message) => deliver(message, shared).incoming);
    return startBatch(messaging, { ...shared.description, type: 'process' }, incoming);
  };

  replaceMethod(consumer, 'run', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
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

function tracedHandler(name: string, handler: Handler, start: (payload: unknown) => Operation): Handler {
  return function (this: unknown, ...args: unknown[]) {
    const operation = guard(`tracing ${name}`, () => start(args[0])) ?? noOperation(ROOT_CONTEXT);
    return runHandler(operation, () => handler.apply(this, args), { awaited: true });
  };
}
