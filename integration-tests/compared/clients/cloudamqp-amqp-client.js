// Publishes and consumes with @cloudamqp/amqp-client, which nothing wraps: the application injects and extracts the context.
import { argumentsOf, newQueueName, untilHandled } from './queues.js';

/** @param tracer - `carry` injects a context into headers, and runs a function in the context of headers */
export function cloudamqpClient({ AMQPClient }, { amqpUrl }, { carry }) {
  async function withChannel(queue, fn) {
    const connection = await new AMQPClient(amqpUrl).connect();
    const channel = await connection.channel();
    await channel.queueDeclare(queue, { durable: true }, argumentsOf(queue));
    await channel.confirmSelect();
    try {
      return await fn(channel);
    } finally {
      await connection.close();
    }
  }
  return {
    name: '@cloudamqp/amqp-client',
    input: (headers) => ({ headers }),
    newDestination: newQueueName,
    send: (queue, inputs) =>
      withChannel(queue, async (channel) => {
        for (const { headers } of inputs) {
          await channel.basicPublish('', queue, '1', { headers: carry.inject(headers) });
        }
      }),
    consume: (queue, handler, count, how) =>
      withChannel(queue, (channel) =>
        untilHandled(
          (handle) =>
            channel.basicConsume(queue, { noAck: false }, (message) =>
              handle(
                message.properties.headers ?? {},
                message,
                () => message.ack(),
                (requeue) => message.nack(requeue),
              ),
            ),
          (headers, message) => carry.run(headers, () => handler(headers, message)),
          count,
          how,
        ),
      ),
    settles: true,
    hasQueueArguments: true,
    isWrapped: false,
    // Its frames have 8 KiB.
    hasLargeHeaders: false,
  };
}
