// Traces the messages that a producer or a transaction sends.
import type { Attributes, Context } from '@opentelemetry/api';
import { kafkaHeaders, type KafkaHeaders } from '../../carriers/index.ts';
import { reportFault } from '../common/faults.ts';
import { metricsEpoch } from '../metrics/series.ts';
import {
  activeContext,
  ATTR_DESTINATION_PARTITION_ID,
  ATTR_KAFKA_OFFSET,
  callWithin,
  type Destination,
  dropPastDelivery,
  endLightWith,
  endWith,
  guard,
  type LightOperation,
  measurePassedOn,
  measurePassedOnEach,
  mergeAttributes,
  type Messaging,
  type Method,
  type Outgoing,
  replaceMethod,
  startSending,
} from '../messaging/index.ts';
import type { CarriedHeaders } from '../propagation/carried-headers.ts';
import { offsetNumber, outgoing, partitionId, takesHeaders, withHeaders, type Writable } from './message.ts';
import type { ClientState } from './state.ts';
import type { OutgoingMessage, ProducerBatch, ProducerRecord, RecordMetadata, TopicMessages } from './types.ts';

/** Traces `send` and `sendBatch` of a producer or of a transaction. */
export function traceSends(sender: object, state: ClientState): void {
  traceSend<ProducerRecord>(sender, 'send', state, {
    topics: (record) => [record],
    rebuild(record, [sent]) {
      const copy = withOptions(record);
      copy.topic = record.topic;
      copy.messages = sent!.messages;
      return copy;
    },
  });
  traceSend<ProducerBatch>(sender, 'sendBatch', state, {
    topics: ({ topicMessages }) => topicMessages,
    rebuild(batch, topicMessages) {
      const copy = withOptions(batch);
      copy.topicMessages = topicMessages;
      return copy;
    },
  });
}

/** How to read and replace the messages in the argument of a method. */
interface Shape<A> {
  topics(argument: A): readonly TopicMessages[];
  /** A copy with other messages. */
  rebuild(argument: A, topics: readonly TopicMessages[]): unknown;
}

function traceSend<A>(sender: object, name: string, { messaging, connection }: ClientState, shape: Shape<A>): void {
  replaceMethod(sender, name, (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      const parent = activeContext();
      // Unknown shapes are passed through, so that kafkajs reports its own error.
      const [given] = args;
      const passedOn = isObject(given) ? messaging.passedOn(parent) : undefined;
      if (passedOn === undefined) return send(this, raw, args, parent);
      const light = metricsEpoch() === 0 ? undefined : measure(messaging, given as A, shape, connection, parent);
      args[0] = passOn(given as A, shape, passedOn);
      return light === undefined ? raw.apply(this, args) : callMeasured(light, raw, this, args);
    };
  });

  // A separate function, because one that contains closures allocates its variables before it is known whether they are needed.
  function send(sender: unknown, raw: Method, args: unknown[], parent: Context): unknown {
    const [given] = args;
    const messages = isObject(given)
      ? guard('reading messages', () => allMessages(shape.topics(given as A)))
      : undefined;
    if (messages === undefined || messages.length === 0) return raw.apply(sender, args);
    const { attributes } = connection;
    const description = { name: 'send', attributes };
    const { operation, headers } = startSending(messaging, kafkaHeaders, description, messages, parent);
    const traced = guard('writing headers', () => rebuild(given as A, shape, headers)) ?? given;
    args[0] = traced;
    const result = callWithin(operation, () => raw.apply(sender, args));
    return endWith(operation, result, (metadata) => {
      operation.set(() =>
        mergeAttributes(
          connection.learnedSince(attributes),
          messages.length === 1 ? sentAttributes(metadata) : undefined,
        ),
      );
    });
  }
}

/** Starts to measure a send without a span; undefined if there is nothing to send. Never throws. */
function measure<A>(
  messaging: Messaging,
  argument: A,
  shape: Shape<A>,
  { attributes }: ClientState['connection'],
  parent: Context,
): LightOperation | undefined {
  try {
    const topics = shape.topics(argument);
    const [first] = topics;
    if (topics.length === 1 && isTopic(first)) {
      const { length } = first.messages;
      const destination = { name: first.topic };
      return length === 0 ? undefined : measurePassedOn(messaging, 'send', destination, attributes, parent, length);
    }
    const messages = destinations(topics);
    if (messages === undefined || messages.length === 0) return undefined;
    return measurePassedOnEach(messaging, 'send', messages, attributes, parent);
  } catch (error) {
    reportFault('reading messages', error);
    return undefined;
  }
}

interface Addressed {
  readonly destination: Destination;
}

/** The destination of every message; undefined if the argument has another shape. */
function destinations(topics: readonly (TopicMessages | null | undefined)[]): Addressed[] | undefined {
  if (!Array.isArray(topics)) return undefined;
  const all: Addressed[] = [];
  for (const entry of topics as readonly (TopicMessages | null | undefined)[]) {
    if (!isTopic(entry)) return undefined;
    const addressed = { destination: { name: entry.topic } };
    for (let at = 0; at < entry.messages.length; at++) all.push(addressed);
  }
  return all;
}

function callMeasured(
  light: LightOperation,
  raw: (...args: unknown[]) => unknown,
  self: unknown,
  args: unknown[],
): unknown {
  let result: unknown;
  try {
    result = raw.apply(self, args);
  } catch (error) {
    light.fail(error);
    throw error;
  }
  return endLightWith(light, result);
}

function isObject(given: unknown): boolean {
  return typeof given === 'object' && given !== null;
}

/** Whether an element of the argument has the shape of a topic with its messages. */
function isTopic(entry: TopicMessages | null | undefined): entry is TopicMessages {
  return typeof entry?.topic === 'string' && Array.isArray(entry.messages);
}

/** Every message of every topic in order; undefined if the argument has another shape. */
function allMessages(topics: readonly TopicMessages[]): Outgoing<KafkaHeaders>[] | undefined {
  if (!Array.isArray(topics)) return undefined;
  const all: Outgoing<KafkaHeaders>[] = [];
  for (const entry of topics as readonly (TopicMessages | null | undefined)[]) {
    if (!isTopic(entry)) return undefined;
    const destination = { name: entry.topic };
    for (let at = 0; at < entry.messages.length; at++) all.push(outgoing(destination, entry.messages[at]!));
  }
  return all;
}

/**
 * A copy of the argument with these headers; the argument itself if no message takes them. Unknown shapes are passed through, so that
 * kafkajs reports its own error. Never throws.
 */
function passOn<A>(argument: A, shape: Shape<A>, passedOn: CarriedHeaders): unknown {
  try {
    const given = shape.topics(argument) as readonly (TopicMessages | null | undefined)[];
    if (passedOn.isEmpty || !Array.isArray(given)) return argument;
    const topics = passOnTopics(given as readonly (TopicMessages | null | undefined)[], passedOn);
    return topics === undefined ? argument : shape.rebuild(argument, topics);
  } catch (error) {
    reportFault('writing headers', error);
    return argument;
  }
}

function passOnTopics(
  given: readonly (TopicMessages | null | undefined)[],
  passedOn: CarriedHeaders,
): readonly TopicMessages[] | undefined {
  let changed = false;
  let topics: TopicMessages[] | undefined;
  for (const entry of given) {
    if (!isTopic(entry)) return undefined;
    const { topic, messages } = entry;
    const sent = passOnMessages(messages, passedOn);
    if (sent !== undefined) changed = true;
    const each = { topic, messages: sent ?? messages };
    // An array that starts empty reserves space for more elements than most sends have.
    if (topics === undefined) topics = [each];
    else topics.push(each);
  }
  return changed ? topics : undefined;
}

/** Undefined if no message takes headers. */
function passOnMessages(
  messages: readonly OutgoingMessage[],
  passedOn: CarriedHeaders,
): readonly OutgoingMessage[] | undefined {
  let changed = false;
  let sent: OutgoingMessage[] | undefined;
  for (const message of messages) {
    const carried = takesHeaders(message) ? passedOn.write(kafkaHeaders, message.headers) : undefined;
    if (carried !== undefined) {
      changed = true;
      // Without the application's headers there is no time of an earlier message.
      if (message.headers !== undefined) dropPastDelivery(carried);
    }
    const each = carried === undefined ? message : withHeaders(message, carried);
    if (sent === undefined) sent = [each];
    else sent.push(each);
  }
  return changed ? sent : undefined;
}

function rebuild<A>(argument: A, shape: Shape<A>, headers: readonly (KafkaHeaders | undefined)[]): unknown {
  if (headers.every((carried) => carried === undefined)) return argument;
  let at = 0;
  const topics = shape.topics(argument).map(({ topic, messages }) => ({
    topic,
    messages: messages.map((message) => {
      const carried = headers[at++];
      if (carried === undefined) return message;
      dropPastDelivery(carried);
      return withHeaders(message, carried);
    }),
  }));
  return shape.rebuild(argument, topics);
}

/** A copy that includes inherited options, such as class accessors, by name. */
function withOptions<A extends Pick<ProducerBatch, 'acks' | 'timeout' | 'compression'>>(argument: A): Writable<A> {
  const copy: Writable<A> = { ...argument };
  if (copy.acks === undefined && argument.acks !== undefined) copy.acks = argument.acks;
  if (copy.timeout === undefined && argument.timeout !== undefined) copy.timeout = argument.timeout;
  if (copy.compression === undefined && argument.compression !== undefined) copy.compression = argument.compression;
  return copy;
}

/** The partition and offset of a single sent message; nothing with `acks: 0`. */
function sentAttributes(metadata: unknown): Attributes {
  const [entry] = (Array.isArray(metadata) ? metadata : []) as RecordMetadata[];
  return {
    [ATTR_DESTINATION_PARTITION_ID]: partitionId(entry?.partition),
    [ATTR_KAFKA_OFFSET]: offsetNumber(entry?.baseOffset ?? entry?.offset),
  };
}
