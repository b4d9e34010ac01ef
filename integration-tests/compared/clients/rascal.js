// Publishes and subscribes with rascal, for questions that are asked of every client.
import { argumentsOf, newQueueName, untilHandled } from './queues.js';

/** @param modules - `rascal`, and its modules `amqplib` and `publication`, which a tracer may need */
export function rascalClient(modules, { amqpUrl }, tracer) {
  async function withBroker(queue, options, fn) {
    const { BrokerAsPromised, withDefaultConfig } = tracer.rascal?.(modules, options) ?? modules.rascal;
    const vhost = {
      connections: [amqpUrl],
      queues: { [queue]: { options: { arguments: argumentsOf(queue) } } },
      publications: { out: { queue, confirm: true } },
      subscriptions: { in: { queue } },
    };
    const broker = await BrokerAsPromised.create(withDefaultConfig({ vhosts: { '/': vhost } }));
    broker.on('error', () => {});
    try {
      return await fn(broker);
    } finally {
      await broker.shutdown();
    }
  }
  async function publish(broker, input) {
    const publication = await broker.publish('out', '1', input);
    await new Promise((resolve, reject) => publication.on('success', resolve).on('error', reject));
  }
  return {
    name: 'rascal',
    input: (headers) => ({ options: { headers } }),
    newDestination: newQueueName,
    send: (queue, inputs, options) =>
      withBroker(queue, options, (broker) => Promise.all(inputs.map((input) => publish(broker, input)))),
    sendTwiceWrapped: (queue, input) => {
      tracer.again('rascal', modules);
      return withBroker(queue, undefined, (broker) => publish(broker, input));
    },
    consume: (queue, handler, count, how) =>
      withBroker(queue, how?.options, async (broker) => {
        const subscription = await broker.subscribe('in');
        await untilHandled(
          (handle) =>
            subscription.on('message', (message, _content, ackOrNack) => {
              const nack = (requeue) => ackOrNack(new Error('failed'), { strategy: 'nack', requeue });
              void handle(message.properties.headers, message, () => ackOrNack(), nack);
            }),
          handler,
          count,
          how,
        );
      }),
    settles: true,
    hasQueueArguments: true,
  };
}
