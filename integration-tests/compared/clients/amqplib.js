// Publishes and consumes with amqplib, for questions that are asked of every client.
import { argumentsOf, consumeFrom, newQueueName } from './queues.js';

export function amqplibClient(amqp, { amqpUrl }, tracer) {
  const wrap = (connection, options) => tracer.wrap?.amqplib?.(connection, options) ?? connection;
  async function withChannel(options, fn) {
    const connection = await amqp.connect(amqpUrl);
    const channel = await wrap(connection, options).createConfirmChannel();
    try {
      const result = await fn(channel, connection);
      // Without it, the last acknowledgement may not be sent.
      await channel.close();
      return result;
    } finally {
      await connection.close();
    }
  }
  async function publish(channel, queue, inputs) {
    for (const input of inputs) channel.sendToQueue(queue, Buffer.from('1'), input);
    await channel.waitForConfirms();
  }
  return {
    name: 'amqplib',
    input: (headers) => ({ headers }),
    newDestination: (queueArguments) =>
      tracer.untraced(async () => {
        const connection = await amqp.connect(amqpUrl);
        const channel = await connection.createChannel();
        const name = await newQueueName(queueArguments);
        const { queue } = await channel.assertQueue(name, { arguments: argumentsOf(name) });
        await connection.close();
        return queue;
      }),
    send: (queue, inputs, options) => withChannel(options, (channel) => publish(channel, queue, inputs)),
    sendTwiceWrapped: (queue, input) =>
      withChannel(undefined, async (_channel, connection) => {
        const channel = await tracer.again('amqplib', connection).createConfirmChannel();
        await publish(channel, queue, [input]);
      }),
    consume: (queue, handler, count, how) =>
      withChannel(how?.options, (channel) => consumeFrom(channel, queue, handler, count, how)),
    settles: true,
    hasQueueArguments: true,
  };
}
