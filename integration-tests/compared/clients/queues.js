// What the clients of RabbitMQ's libraries have in common. Queues are declared by the clients that use them, and expire.
import { randomUUID } from 'node:crypto';

export const newQueueName = async () => `compared-${randomUUID()}`;
/** Milliseconds after which an unused queue is deleted. */
export const expires = 60_000;

/** Runs `consume` with a handler that settles a message by the outcome of `handler`; resolves after `count` messages. */
export function untilHandled(consume, handler, count) {
  let left = count;
  return new Promise((resolve) => {
    void consume(async (headers, message, ack, requeue) => {
      try {
        await handler(headers, message);
        await ack();
      } catch {
        await requeue();
      }
      if (--left <= 0) resolve();
    });
  });
}

/** Consumes with a channel of amqplib or amqp-connection-manager; resolves after `count` messages. */
export function consumeFrom(channel, queue, handler, count) {
  return untilHandled(
    (handle) =>
      channel.consume(queue, (message) =>
        handle(
          message.properties.headers,
          message,
          () => channel.ack(message),
          () => channel.nack(message, false, true),
        ),
      ),
    handler,
    count,
  );
}
