// Measures amqplib on a real broker.
import { createRequire } from 'node:module';
import { traceConnection } from 'mqtrace/amqplib';

const require = createRequire(import.meta.url);

export async function open(tools, address) {
  const { connect } = require('amqplib');
  // Otherwise each message that is sent alone waits 40 ms for the system.
  const connection = tools.wrap(await connect(address, { noDelay: true }), traceConnection);
  const channel = await connection.createConfirmChannel();
  await channel.prefetch(200);
  const queues = [];
  for (let at = 0; at < 3; at++) queues.push((await channel.assertQueue('', { exclusive: true })).queue);
  const [first, second, third] = queues;
  const content = Buffer.from('{"order":7}');
  const send = (queue, headers) =>
    new Promise((resolve, reject) => {
      channel.sendToQueue(queue, content, headers ? { headers } : {}, (error) => (error ? reject(error) : resolve()));
    });

  /** Handles a number of messages of a queue. */
  const consume = (queue, handle) => async (count) => {
    let left = count;
    let done;
    const all = new Promise((resolve) => (done = resolve));
    const handler = tools.handler(async (message) => {
      await handle?.(message);
      channel.ack(message);
      if (--left === 0) done();
    });
    const { consumerTag } = await channel.consume(queue, handler);
    await all;
    await channel.cancel(consumerTag);
  };
  const headersOf = (message) => (tools.writesHeaders ? message.properties.headers : undefined);
  let arrived;
  await channel.consume(third, (message) => {
    channel.ack(message);
    arrived();
  });
  return {
    messages: 10_000,
    inFlight: 100,
    /** The headers that "context only" sends: the same as mqtrace. */
    headersFor: (texts) => ({ ...texts, 'mqtrace-sent-at': String(Date.now()) }),
    send: (headers) => send(first, headers),
    hop: consume(first, (message) => send(second, headersOf(message))),
    receive: consume(second),
    ping(headers) {
      const came = new Promise((resolve) => (arrived = resolve));
      void send(third, headers);
      return came;
    },
  };
}
