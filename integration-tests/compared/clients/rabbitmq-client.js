// Publishes and consumes with rabbitmq-client, for questions that are asked of every client.
import { argumentsOf, newQueueName } from './queues.js';

const name = 'rabbitmq-client';

export function rabbitmqClientClient({ Connection }, { amqpUrl }, tracer) {
  const declaration = (queue) => ({ queue, durable: true, arguments: argumentsOf(queue) });
  async function withConnection(options, fn, wrapAgain = (connection) => connection) {
    const made = new Connection(amqpUrl);
    made.on('error', () => {});
    const connection = wrapAgain(tracer.wrap?.[name]?.(made, options) ?? made);
    try {
      return await fn(connection);
    } finally {
      await connection.close();
    }
  }
  async function publish(connection, queue, inputs) {
    const publisher = connection.createPublisher({ confirm: true, queues: [declaration(queue)] });
    await Promise.all(inputs.map(({ headers }) => publisher.send({ routingKey: queue, headers }, '1')));
    await publisher.close();
  }
  return {
    name,
    input: (headers) => ({ headers }),
    newDestination: newQueueName,
    send: (queue, inputs, options) => withConnection(options, (connection) => publish(connection, queue, inputs)),
    sendTwiceWrapped: (queue, input) =>
      withConnection(
        undefined,
        (connection) => publish(connection, queue, [input]),
        (connection) => tracer.again(name, connection),
      ),
    consume: (queue, handler, count, how) =>
      withConnection(how?.options, async (connection) => {
        let left = count;
        let consumer;
        await new Promise((resolve) => {
          // The client acknowledges after the handler, and returns a message to the queue if it failed.
          const process = async (message) => {
            try {
              await handler(message.headers ?? {}, message);
            } finally {
              if (--left <= 0) resolve();
            }
          };
          const requeue = how?.reject !== true;
          consumer = connection.createConsumer({ queue, queueOptions: declaration(queue), requeue }, process);
          consumer.on('error', () => {});
        });
        await consumer.close();
      }),
    settles: true,
    hasQueueArguments: true,
    // Its frames have 8 KiB.
    hasLargeHeaders: false,
  };
}
