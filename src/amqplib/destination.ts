// Names of destinations, as the semantic conventions for RabbitMQ form them.
import type { Destination } from '../messaging/index.ts';
import type { ExclusiveQueues } from './connection.ts';

/**
 * The destination of a publish (semantic conventions, RabbitMQ): `{exchange}:{routing key}`, the one that is not empty, else
 * `amq.default`.
 *
 * @param exclusive - the exclusive queues of the connection, to which the default exchange routes by name.
 */
export function producerDestination(exchange: string, routingKey: string, exclusive?: ExclusiveQueues): Destination {
  const name = exchange !== '' && routingKey !== '' ? `${exchange}:${routingKey}` : exchange || routingKey;
  const serverNamed = isServerNamed(routingKey);
  const isExclusive = exchange === '' && exclusive?.has(routingKey) === true;
  // Routing keys take any number of values.
  return destination(name || 'amq.default', serverNamed, isExclusive, exchange || 'amq.default');
}

/**
 * Where a message came from (semantic conventions, RabbitMQ): `{exchange}:{routing key}:{queue}`, without empty parts, and without
 * the routing key if it is the queue's name.
 *
 * @param queue - empty if it is not known.
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

/** A queue that the server named goes when its connection or consumer does, as exclusive queues do. */
function destination(name: string, serverNamed: boolean, exclusive: boolean, metricName: string): Destination {
  if (serverNamed) return { name, metricName, anonymous: true, temporary: true };
  return exclusive ? { name, metricName, temporary: true } : { name, metricName };
}

/** Names that RabbitMQ makes up for queues and for direct reply-to. */
function isServerNamed(queue: string): boolean {
  return queue.startsWith('amq.gen-') || queue.startsWith('amq.rabbitmq.reply-to.');
}
