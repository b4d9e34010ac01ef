// The questions that are about Kafka only, by their names in docs/compared.md.
import { setTimeout as sleep } from 'node:timers/promises';

const traceIdIn = (headers) => String(headers.traceparent ?? headers['sentry-trace'] ?? '');

export function kafkajsQuestions(client, { Kafka, logLevel }, { kafkaBroker }, tracer) {
  const kafkaWith = (options) => {
    const kafka = new Kafka({ brokers: [kafkaBroker], logLevel: logLevel.NOTHING, retry: { retries: 1 } });
    return tracer.wrap?.kafkajs(kafka, options) ?? kafka;
  };
  async function runConsumer(topic, handlersOf) {
    const consumer = kafkaWith().consumer({ groupId: topic, maxWaitTimeInMs: 20 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise((resolve) => void consumer.run(handlersOf(resolve)));
    await sleep(20);
    await consumer.disconnect();
  }

  return {
    async 'A message with two `traceparent` headers keeps its trace'() {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const topic = await client.newDestination();
      const input = { value: '1', headers: { traceparent: [traceparent, traceparent] } };
      const plain = new Kafka({ brokers: [kafkaBroker], logLevel: logLevel.NOTHING }).producer();
      await tracer.untraced(async () => {
        await plain.connect();
        await plain.send({ topic, messages: [input] });
        await plain.disconnect();
      });
      let seen;
      await client.consume(topic, async () => void (seen = tracer.activeTraceId()), 1);
      return seen === '8448eb211c80319c';
    },

    async 'The span of a batch links its messages'() {
      const topic = await client.newDestination();
      const job = await tracer.inSpan(() => client.send(topic, [{ value: '1' }]));
      let active;
      await runConsumer(topic, (done) => ({
        eachBatch: async () => {
          active = tracer.activeTraceId();
          done();
        },
      }));
      if (active === undefined) return false;
      const spans = await tracer.spansOf(active);
      return spans.some(({ links }) => links.some(({ traceId }) => traceId === job.traceId));
    },

    async 'Each message of a batch can be processed in its own trace, with its baggage'() {
      const topic = await client.newDestination();
      await tracer.inSpan(() => client.send(topic, [{ value: '1' }]), { tenant: 'acme' });
      const processOne = tracer.process?.kafkajs ?? ((message, fn) => fn(message));
      let seen = false;
      await runConsumer(topic, (done) => ({
        eachBatch: async ({ batch: { messages } }) => {
          const look = (message) => {
            const active = tracer.activeTraceId();
            seen =
              active !== undefined && traceIdIn(message.headers ?? {}).includes(active) && tracer.tenant?.() === 'acme';
          };
          for (const message of messages) processOne(message, look);
          done();
        },
      }));
      return seen;
    },

    async 'A hook cannot change the message that is sent'() {
      if (tracer.hook === undefined) return undefined;
      const options = tracer.hook((_set, { headers }) => {
        headers.order = 'changed';
      });
      const topic = await client.newDestination();
      await client.send(topic, [{ value: '1', headers: { order: '7' } }], options);
      let order;
      await client.consume(topic, async (headers) => void ({ order } = headers), 1);
      return order === '7';
    },

    async 'An error that is expected does not mark a span as failed'() {
      const job = await tracer.inSpan(() =>
        client.send('no topic', [{ value: '1' }], { isExpectedError: () => true }).catch(() => {}),
      );
      const spans = await tracer.spansOf(job.traceId);
      return spans.length > 1 && spans.every(({ isFailed }) => !isFailed);
    },

    async 'A metric reports how many messages wait for a consumer'() {
      if (tracer.metricsOf === undefined || tracer.hasLag === false) return undefined;
      const topic = await client.newDestination();
      await client.send(topic, [{ value: '1' }, { value: '2' }, { value: '3' }]);
      let lags = {};
      await runConsumer(topic, (done) => ({
        eachMessage: async ({ message }) => {
          if (message.offset === '1') lags = await tracer.metricsOf(/lag/);
          if (message.offset === '2') done();
        },
      }));
      return lags[topic] === 2;
    },
  };
}
