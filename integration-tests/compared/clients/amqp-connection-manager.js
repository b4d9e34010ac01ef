// Publishes and consumes with amqp-connection-manager, for questions that are asked of every client.
import { argumentsOf, consumeFrom, newQueueName } from './queues.js';

const name = 'amqp-connection-manager';

export function amqpConnectionManagerClient({ connect }, { amqpUrl }, tracer) {
  async function withChannel(queue, options, fn, wrapAgain = (manager) => manager) {
    const made = connect([amqpUrl]);
    const manager = wrapAgain(tracer.wrap?.[name]?.(made, options) ?? made);
    const channel = manager.createChannel({
      setup: (inner) => inner.assertQueue(queue, { arguments: argumentsOf(queue) }),
    });
    try {
      return await fn(channel);
    } finally {
      await manager.close();
    }
  }
  const publish = (channel, queue, inputs) =>
    Promise.all(inputs.map((input) => channel.sendToQueue(queue, Buffer.from('1'), input)));
  return {
    name,
    input: (headers) => ({ headers }),
    newDestination: newQueueName,
    send: (queue, inputs, options) => withChannel(queue, options, (channel) => publish(channel, queue, inputs)),
    sendTwiceWrapped: (queue, input) =>
      withChannel(
        queue,
        undefined,
        (channel) => publish(channel, queue, [input]),
        (manager) => tracer.again(name, manager),
      ),
    consume: (queue, handler, count, how) =>
      withChannel(queue, how?.options, (channel) => consumeFrom(channel, queue, handler, count, how)),
    settles: true,
    hasQueueArguments: true,
  };
}
