// The questions that are about RabbitMQ only, by their names in docs/compared.md.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const body = Buffer.from('1');

export function amqplibQuestions(client, amqp, { amqpUrl }, tracer) {
  async function withChannel(fn, options) {
    const connection = await amqp.connect(amqpUrl);
    try {
      const channel = await (tracer.wrap?.amqplib(connection, options) ?? connection).createConfirmChannel();
      return await fn(channel);
    } finally {
      await connection.close();
    }
  }
  const newQueue = async (channel, options) => (await channel.assertQueue('', { exclusive: true, ...options })).queue;

  return {
    'The span of a consumer with `noAck` lasts as long as its asynchronous handler': () =>
      withChannel(async (channel) => {
        const queue = await newQueue(channel);
        return new Promise((resolve) => {
          const handle = async () => {
            const span = tracer.activeSpan();
            await sleep(20);
            resolve(span?.isOpen() ?? false);
          };
          // oxlint-disable-next-line typescript/no-misused-promises -- amqplib ignores what a handler returns; many are asynchronous
          void channel.consume(queue, handle, { noAck: true });
          channel.sendToQueue(queue, body);
        });
      }),

    'A `get` has a span that links the message': () =>
      withChannel(async (channel) => {
        const queue = await newQueue(channel);
        const sent = await tracer.inSpan(async () => {
          channel.sendToQueue(queue, body);
          await channel.waitForConfirms();
        });
        const job = await tracer.inSpan(() => channel.get(queue, { noAck: true }));
        return (await tracer.spansOf(job.traceId)).some(({ links }) =>
          links.some(({ traceId }) => traceId === sent.traceId),
        );
      }),

    'A mandatory message that no queue takes fails the span of its publish': () =>
      withChannel(async (channel) => {
        const job = await tracer.inSpan(async () => {
          channel.publish('', `nowhere-${randomUUID()}`, body, { mandatory: true });
          await channel.waitForConfirms();
        });
        return (await tracer.spansOf(job.traceId)).some(({ isFailed }) => isFailed);
      }),

    async 'A metric reports how many messages wait for a consumer'() {
      if (tracer.metricsOf === undefined || tracer.hasLag === false) return undefined;
      const queue = await client.newDestination();
      const ask = async (channel) => {
        for (const each of [body, body, body]) channel.sendToQueue(queue, each);
        await channel.waitForConfirms();
        await channel.prefetch(1);
        await new Promise((resolve) => void channel.consume(queue, resolve));
        return (await tracer.metricsOf(/lag/))[queue] === 2;
      };
      return withChannel(ask, { pollLag: true });
    },

    'The reply to a request links the request': () =>
      withChannel(async (channel) => {
        const queue = await newQueue(channel);
        const answer = ({ properties: { replyTo, correlationId } }) =>
          void channel.sendToQueue(replyTo, body, { correlationId });
        await channel.consume(queue, answer, { noAck: true });
        let reply;
        const replied = new Promise((resolve) => {
          const handle = () => resolve((reply = tracer.activeSpan()));
          void channel.consume('amq.rabbitmq.reply-to', handle, { noAck: true });
        });
        const job = await tracer.inSpan(async () => {
          channel.sendToQueue(queue, body, { replyTo: 'amq.rabbitmq.reply-to', correlationId: randomUUID() });
          await replied;
        });
        const requests = new Set((await tracer.spansOf(job.traceId)).map(({ spanId }) => spanId));
        return reply?.links().some(({ context }) => requests.has(context.spanId)) ?? false;
      }),
  };
}
