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
  return destination(name || 'amq.default', serverNamed, exchange === '' && exclusive?.has(routingKey) === true);
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
  return destination(name, isServerNamed(queue) || isServerNamed(routingKey), exclusive?.has(queue) === true);
}

/** A queue that the server named goes when its connection or consumer does, as exclusive queues do. */
function destination(name: string, serverNamed: boolean, exclusive: boolean): Destination {
  if (serverNamed) return { name, anonymous: true, temporary: true };
  return exclusive ? { name, temporary: true } : { name };
}

/** Names that RabbitMQ makes up for queues and for direct reply-to. */
function isServerNamed(queue: string): boolean {
  return queue.startsWith('amq.gen-') || queue.startsWith('amq.rabbitmq.reply-to.');
}
