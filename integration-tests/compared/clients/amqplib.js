// Publishes and consumes with amqplib, for questions that are asked of every client.
import { randomUUID } from 'node:crypto';

export function amqplibClient(amqp, { amqpUrl }, tracer) {
  const wrap = (connection, options) => tracer.wrap?.amqplib?.(connection, options) ?? connection;
  async function withChannel(options, fn) {
    const connection = await amqp.connect(amqpUrl);
    const channel = await wrap(connection, options).createConfirmChannel();
    try {
      return await fn(channel, connection);
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
    newDestination: () =>
      tracer.untraced(async () => {
        const connection = await amqp.connect(amqpUrl);
        const channel = await connection.createChannel();
        const { queue } = await channel.assertQueue(`compared-${randomUUID()}`, { expires: 60_000 });
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
      withChannel(how?.options, async (channel) => {
        let left = count;
        await new Promise((resolve) => {
          const handle = async (message) => {
            try {
              await handler(message.properties.headers, message);
              channel.ack(message);
            } catch {
              channel.nack(message, false, true);
            }
            if (--left <= 0) resolve();
          };
          // oxlint-disable-next-line typescript/no-misused-promises -- amqplib ignores what a handler returns; many are asynchronous
          void channel.consume(queue, handle);
        });
      }),
    settles: true,
  };
}
