// Maps the names of attributes to the fields of a span record.
import { Operation, type SpanRecord } from './span-record.ts';

/** A decoded attribute value; lists and maps are not read. */
export type ScalarValue = string | number | boolean;

type Setter = (record: SpanRecord, value: ScalarValue) => void;

const text = (value: ScalarValue): string => (typeof value === 'string' ? value : String(value));
const number = (value: ScalarValue): number => (typeof value === 'boolean' ? Number.NaN : Number(value));
const whole = (value: ScalarValue, otherwise: number): number => {
  const given = number(value);
  return Number.isFinite(given) && given >= 0 ? Math.floor(given) : otherwise;
};

const operations: Readonly<Record<string, Operation>> = {
  create: Operation.create,
  send: Operation.send,
  publish: Operation.send,
  produce: Operation.send,
  receive: Operation.receive,
  poll: Operation.receive,
  process: Operation.process,
  deliver: Operation.process,
  consume: Operation.process,
  settle: Operation.settle,
  ack: Operation.settle,
  nack: Operation.settle,
  reject: Operation.settle,
  commit: Operation.settle,
};

const setSystem: Setter = (record, value) => (record.system = text(value));
const setDestination: Setter = (record, value) => (record.destination = text(value));
/** An older attribute, used only if there is no newer one. */
const setOlderDestination: Setter = (record, value) => (record.destination ||= text(value));
const setGroup: Setter = (record, value) => (record.group = text(value));
const setRoutingKey: Setter = (record, value) => (record.routingKey = text(value));
const setQueue: Setter = (record, value) => (record.queue = text(value));
const setMessageId: Setter = (record, value) => (record.messageId = text(value));
const setMessageKey: Setter = (record, value) => (record.messageKey = text(value));
const setOperation: Setter = (record, value) =>
  (record.operation = operations[text(value).toLowerCase()] ?? record.operation);

/** Setters by attribute name: the current names of the conventions and earlier ones that OpenTelemetry's instrumentations wrote. */
export const setters: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['messaging.system.name', setSystem],
  ['messaging.system', setSystem],
  ['messaging.operation.type', setOperation],
  // Contained the type before version 1.26 of the conventions.
  ['messaging.operation', setOperation],
  [
    'messaging.operation.name',
    (record, value) => (record.operation ||= operations[text(value).toLowerCase()] ?? Operation.none),
  ],
  ['messaging.destination.name', setDestination],
  ['messaging.destination', setOlderDestination],
  ['messaging.source.name', setOlderDestination],
  ['messaging.source', setOlderDestination],
  ['messaging.consumer.group.name', setGroup],
  ['messaging.kafka.consumer.group', setGroup],
  ['messaging.kafka.consumer_group', setGroup],
  ['messaging.destination.subscription.name', setGroup],
  ['messaging.rabbitmq.queue', setQueue],
  ['rabbitmq.queue', setQueue],
  ['rabbitmq.destination.routing_key', setRoutingKey],
  ['messaging.rabbitmq.destination.routing_key', setRoutingKey],
  ['messaging.rabbitmq.routing_key', setRoutingKey],
  ['messaging.message.id', setMessageId],
  ['messaging.message_id', setMessageId],
  ['messaging.message.conversation_id', (record, value) => (record.messageId ||= text(value))],
  ['kafka.message.key', setMessageKey],
  ['messaging.kafka.message.key', setMessageKey],
  ['messaging.kafka.message_key', setMessageKey],
  ['messaging.batch.message_count', (record, value) => (record.batchCount = whole(value, -1))],
  ['error.type', (record, value) => (record.errorType = text(value))],
  ['mqtrace.message.age', (record, value) => (record.age = Math.max(0, number(value)) * 1000)],
  ['mqtrace.message.clock_skew', (record, value) => (record.clockSkew = number(value) * 1000)],
  ['mqtrace.message.delivery_attempt', (record, value) => (record.attempt = whole(value, 0))],
  ['mqtrace.message.redelivered', (record, value) => (record.redelivered = value === true)],
  ['mqtrace.links.part', (record, value) => (record.linksPart = whole(value, 0))],
  ['mqtrace.baggage.size', (record, value) => (record.baggageBytes = whole(value, -1))],
]);

/** One span in a million: no realistic sampler keeps fewer, and one span must not outweigh all others. */
const maxWeight = 2 ** 20;

/** How many spans one span represents, by `th` in the `ot` member of its trace state; undefined if there is no threshold. */
export function weightOf(traceState: string): number | undefined {
  const found = /(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,\s]|$)/.exec(traceState);
  if (found === null) return undefined;
  const threshold = Number.parseInt(found[1]!.padEnd(14, '0'), 16);
  return Math.min(maxWeight, 2 ** 56 / Math.max(1, 2 ** 56 - threshold));
}
