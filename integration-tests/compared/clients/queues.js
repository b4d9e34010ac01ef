// What the clients of RabbitMQ's libraries have in common. Queues are declared by the clients that use them, and expire.
import { randomUUID } from 'node:crypto';

/** The arguments of queues that have other ones than those that expire. */
const furtherArguments = new Map();

/** @param given - arguments of the queue, such as those of a dead letter exchange */
export async function newQueueName(given) {
  const name = `compared-${randomUUID()}`;
  furtherArguments.set(name, given);
  return name;
}

/** The arguments with which a queue is declared. It is deleted if it is not used for a minute. */
export const argumentsOf = (queue) => ({ 'x-expires': 60_000, ...furtherArguments.get(queue) });

/**
 * Runs `consume` with a handler that settles a message by the outcome of `handler`; resolves after `count` messages.
 * A message whose handler fails returns to its queue, unless `how.reject` is set.
 */
export function untilHandled(consume, handler, count, how) {
  let left = count;
  return new Promise((resolve) => {
    void consume(async (headers, message, ack, nack) => {
      try {
        await handler(headers, message);
        await ack();
      } catch {
        await nack(how?.reject !== true);
      }
      if (--left <= 0) resolve();
    });
  });
}

/** Consumes with a channel of amqplib or amqp-connection-manager; resolves after `count` messages. */
export function consumeFrom(channel, queue, handler, count, how) {
  return untilHandled(
    (handle) =>
      channel.consume(queue, (message) =>
        handle(
          message.properties.headers,
          message,
          () => channel.ack(message),
          (requeue) => channel.nack(message, false, requeue),
        ),
      ),
    handler,
    count,
    how,
  );
}
