// Builds the names of destinations by the semantic conventions for RabbitMQ.
import type { Destination } from '../messaging/index.ts';
import type { ExclusiveQueues } from './connection.ts';

/**
 * The destination of a publish (semantic conventions, RabbitMQ): `{exchange}:{routing key}`, only the one that is not empty, else
 * `amq.default`.
 *
 * @param exclusive - the exclusive queues of the connection, to which the default exchange routes by name.
 */
export function producerDestination(exchange: string, routingKey: string, exclusive?: ExclusiveQueues): Destination {
  const name = exchange !== '' && routingKey !== '' ? `${exchange}:${routingKey}` : exchange || routingKey;
  const serverNamed = isServerNamed(routingKey);
  const isExclusive = exchange === '' && exclusive?.has(routingKey) === true;
  // Routing keys have an unlimited number of values. That of the default exchange is the name of a queue, which deliveries are counted by.
  const queue = serverNamed || isExclusive ? '' : routingKey;
  return destination(name || 'amq.default', serverNamed, isExclusive, exchange || queue || 'amq.default');
}

/**
 * The source of a message (semantic conventions, RabbitMQ): `{exchange}:{routing key}:{queue}`, without empty parts, and without
 * the routing key if it is the queue's name.
 *
 * @param queue - empty if unknown.
 */
export function consumerDestination(
  exchange: string,
  routingKey: string,
  queue: string,
  exclusive?: ExclusiveQueues,
): Destination | undefined {
  let name = exchange;
  if (routingKey !== '' && routingKey !== queue) name = name === '' ? routingKey : `${name}:${routingKey}`;
  if (queue !== '') name = name === '' ? queue : `${name}:${queue}`;
  if (name === '') return undefined;
  const isTemporary = isServerNamed(queue) || exclusive?.has(queue) === true;
  return destination(
    name,
    isServerNamed(queue) || isServerNamed(routingKey),
    exclusive?.has(queue) === true,
    isTemporary ? '' : queue,
  );
}

/** A queue named by the server is deleted with its connection or consumer, like an exclusive queue. */
function destination(name: string, serverNamed: boolean, exclusive: boolean, metricName: string): Destination {
  if (serverNamed) return { name, metricName, anonymous: true, temporary: true };
  return exclusive ? { name, metricName, temporary: true } : { name, metricName };
}

/** Names that RabbitMQ generates for queues and for direct reply-to. */
function isServerNamed(queue: string): boolean {
  return queue.startsWith('amq.gen-') || queue.startsWith('amq.rabbitmq.reply-to.');
}
