// Checks the rows of docs/compared.md about choices and special messages, by sending and receiving on the real brokers.
import { randomUUID } from 'node:crypto';
import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';

const body = Buffer.from('1');

/** The questions, for the clients and with the helpers of the program. */
export function featureQuestions({ clients, wrappers, helpers }) {
  const { own, spansOf, provider, headersOf, newTopic } = helpers;
  // mqtrace takes the options; the auto-instrumentation has none of them but a hook.
  const kafkaWith = (options) => (own ? wrappers.traceKafka(clients.newKafka(), options) : clients.newKafka());
  const connectWith = async (options) => {
    const connection = await clients.amqp.connect(clients.amqpUrl);
    return own ? wrappers.traceConnection(connection, options) : connection;
  };
  const redisWith = (options) => {
    const redis = new clients.Redis(clients.redisUrl);
    return own ? wrappers.traceRedis(redis, options) : redis;
  };
  const setHook = (hook) => {
    clients.kafkaInstrumentation?.setConfig({ producerHook: hook });
    return { onSend: hook };
  };
  /** Runs `fn` in a span, and returns the other spans of its trace. */
  const inJob = async (fn) => {
    const job = provider.getTracer('test').startSpan('job');
    await context.with(trace.setSpan(ROOT_CONTEXT, job), fn);
    job.end();
    const { traceId, spanId } = job.spanContext();
    return { traceId, spanId, spans: spansOf(traceId).filter((span) => span.spanContext().spanId !== spanId) };
  };
  const withProducer = async (options, fn) => {
    const producer = kafkaWith(options).producer();
    await producer.connect();
    try {
      return await fn(producer);
    } finally {
      await producer.disconnect();
    }
  };
  const withChannel = async (options, method, fn) => {
    const connection = await connectWith(options);
    try {
      return await fn(await connection[method]());
    } finally {
      await connection.close();
    }
  };

  return {
    async 'Destinations can be left without spans, while their messages carry the context'() {
      return withProducer({ ignoreDestinations: ['*'] }, async (producer) => {
        let job;
        const [headers] = await headersOf(async (topic) => {
          job = await inJob(() => producer.send({ topic, messages: [{ value: '1' }] }));
        }, 1);
        return job.spans.length === 0 && String(headers.traceparent).includes(job.spanId);
      });
    },

    async 'A message can start a new trace that links the one in which it was sent'() {
      return withProducer({ newTrace: ['*'] }, async (producer) => {
        let job;
        const [headers] = await headersOf(async (topic) => {
          job = await inJob(() => producer.send({ topic, messages: [{ value: '1' }] }));
        }, 1);
        const [send] = spansOf(String(headers.traceparent).split('-')[1]);
        return send?.links.some((link) => link.context.spanId === job.spanId) ?? false;
      });
    },

    async 'Headers can be captured from Kafka, RabbitMQ and Redis Streams, with secrets redacted'() {
      const options = { captureHeaders: ['order', 'x-token'] };
      const headers = { order: '7', 'x-token': 'abc' };
      const topic = await newTopic();
      const redis = redisWith(options);
      const { spans } = await inJob(async () => {
        await withProducer(options, (producer) => producer.send({ topic, messages: [{ value: '1', headers }] }));
        await withChannel(options, 'createChannel', (channel) => channel.sendToQueue(topic, body, { headers }));
        await redis.xadd(topic, '*', ...Object.entries(headers).flat());
        await redis.del(topic);
      });
      await redis.quit();
      const captured = spans.filter(
        ({ attributes }) =>
          attributes['messaging.header.order']?.[0] === '7' &&
          attributes['messaging.header.x-token']?.[0] === 'REDACTED',
      );
      return captured.length === 3;
    },

    async 'A hook can add attributes to the span of a Kafka message that is sent'() {
      const { spans } = await inJob(async () => {
        const options = setHook((span) => span.setAttribute('app.hook', true));
        const topic = await newTopic();
        await withProducer(options, (producer) => producer.send({ topic, messages: [{ value: '1' }] }));
      });
      setHook(undefined);
      return spans.some(({ attributes }) => attributes['app.hook'] === true);
    },

    async 'A hook cannot change the Kafka message that is sent'() {
      const options = setHook((_span, { message, headers }) => {
        const given = message?.headers ?? headers;
        given.order = 'changed';
      });
      const sent = { value: '1', headers: { order: '7' } };
      const [headers] = await headersOf(
        (topic) => withProducer(options, (producer) => producer.send({ topic, messages: [sent] })),
        1,
      );
      setHook(undefined);
      return String(headers.order) === '7';
    },

    async 'An error that is expected does not mark a span as failed'() {
      const { spans } = await inJob(() =>
        withProducer({ isExpectedError: () => true }, (producer) =>
          producer.send({ topic: 'no topic', messages: [{ value: '1' }] }).catch(() => {}),
        ),
      );
      return spans.length > 0 && spans.every(({ status }) => status.code !== SpanStatusCode.ERROR);
    },

    async 'A mandatory RabbitMQ message that no queue takes fails the span of its publish'() {
      const { spans } = await inJob(() =>
        withChannel({}, 'createConfirmChannel', async (channel) => {
          channel.publish('', `nowhere-${randomUUID()}`, body, { mandatory: true });
          await channel.waitForConfirms();
        }),
      );
      return spans.some(({ status }) => status.code === SpanStatusCode.ERROR);
    },

    async 'The reply to a RabbitMQ request links the request'() {
      const requestId = randomUUID();
      return withChannel({}, 'createChannel', async (channel) => {
        const { queue } = await channel.assertQueue('', { exclusive: true });
        const answer = ({ properties: { replyTo, correlationId } }) =>
          void channel.sendToQueue(replyTo, body, { correlationId });
        await channel.consume(queue, answer, { noAck: true });
        let publish;
        let reply;
        const replied = new Promise((resolve) => {
          const handle = () => resolve((reply = trace.getActiveSpan()));
          void channel.consume('amq.rabbitmq.reply-to', handle, { noAck: true });
        });
        const { spans } = await inJob(async () => {
          channel.sendToQueue(queue, body, { replyTo: 'amq.rabbitmq.reply-to', correlationId: requestId });
          await replied;
        });
        [publish] = spans;
        return reply?.links?.some((link) => link.context.spanId === publish?.spanContext().spanId) ?? false;
      });
    },
  };
}
