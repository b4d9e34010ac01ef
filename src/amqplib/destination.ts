import type { Destination } from '../messaging/index.ts';

/**
 * The destination of a publish (semantic conventions, RabbitMQ): `{exchange}:{routing key}`, the one that is not empty, else
 * `amq.default`.
 */
export function producerDestination(exchange: string, routingKey: string): Destination {
  const name = exchange !== '' && routingKey !== '' ? `${exchange}:${routingKey}` : exchange || routingKey;
  return named(name || 'amq.default', isBrokerNamed(routingKey));
}

/**
 * Where a message came from (semantic conventions, RabbitMQ): `{exchange}:{routing key}:{queue}` without what is empty, and without
 * the routing key where it is the queue's name.
 *
 * @param queue - empty where it is not known.
 */
export function consumerDestination(exchange: string, routingKey: string, queue: string): Destination | undefined {
  let name = exchange;
  if (routingKey !== '' && routingKey !== queue) name = name === '' ? routingKey : `${name}:${routingKey}`;
  if (queue !== '') name = name === '' ? queue : `${name}:${queue}`;
  return name === '' ? undefined : named(name, isBrokerNamed(queue) || isBrokerNamed(routingKey));
}

function named(name: string, anonymous: boolean): Destination {
  return anonymous ? { name, anonymous } : { name };
}

/** Queues named by the server, and RabbitMQ's direct reply-to: a name for each connection or request. */
function isBrokerNamed(queue: string): boolean {
  return queue.startsWith('amq.gen-') || queue.startsWith('amq.rabbitmq.reply-to.');
}
