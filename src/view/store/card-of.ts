// Determines the destination of a span for the map.
import type { SpanRecord } from '../otlp/span-record.ts';

/** The place of a message on the map: a card and, if the card is an exchange, a queue. */
export interface CardName {
  card: string;
  queue: string;
}

const isRabbitMq = (system: string): boolean => system === 'rabbitmq' || system === 'amqp';
/** Names that a broker generates for each connection or request: each would be a separate card. */
const madeUp = /^(amq\.gen-|amq\.rabbitmq\.reply-to)/;

/**
 * Returns the card of a destination. RabbitMQ's destination names are `exchange:routing key:queue` without empty parts: the exchange is
 * the card, whatever the routing key; for the default exchange the queue is the card.
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
    // A name may end with the routing key: that of a publish, or if the queue has the same name, which is not repeated.
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
