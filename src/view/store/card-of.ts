// Determines the destination of a span for the map.
import type { SpanRecord } from '../otlp/span-record.ts';

/** Where a message is, for the map: a card, and in it a queue where the card is an exchange. */
export interface CardName {
  card: string;
  queue: string;
}

const isRabbitMq = (system: string): boolean => system === 'rabbitmq' || system === 'amqp';
/** Names that a broker makes up: one for each connection or request, which would each be a card. */
const madeUp = /^(amq\.gen-|amq\.rabbitmq\.reply-to)/;

/**
 * The card that a destination belongs to. RabbitMQ's destination names are `exchange:routing key:queue` without what is empty: the
 * exchange is the card, so that routing keys collapse; with the default exchange it is the queue.
 */
export function cardOf(record: Pick<SpanRecord, 'system' | 'destination' | 'routingKey' | 'queue'>): CardName {
  if (!isRabbitMq(record.system)) return { card: shared(record.destination), queue: '' };
  const { routingKey } = record;
  const name = record.destination === '<default>' || record.destination === 'amq.default' ? '' : record.destination;
  if (name === '' || name === routingKey) return { card: shared(record.queue || routingKey), queue: '' };
  if (record.queue !== '') return { card: name, queue: record.queue };
  if (routingKey !== '') {
    const between = name.indexOf(`:${routingKey}:`);
    if (between > 0)
      return { card: name.slice(0, between), queue: shared(name.slice(between + routingKey.length + 2)) };
    // The routing key is left out where it is the queue's name, which comes last; after the key of a publish comes nothing.
    if (name.startsWith(`${routingKey}:`)) return { card: shared(name.slice(routingKey.length + 1)), queue: '' };
    if (name.endsWith(`:${routingKey}`)) return { card: name.slice(0, -routingKey.length - 1), queue: '' };
  }
  const colon = name.indexOf(':');
  if (colon <= 0) return { card: shared(name), queue: '' };
  return { card: name.slice(0, colon), queue: shared(name.slice(colon + 1)) };
}

function shared(name: string): string {
  return madeUp.test(name) ? '(temporary queues)' : name;
}
