// Checks the rows of docs/compared.md that are about metrics.
import { randomUUID } from 'node:crypto';

/** A meter provider with a reader. */
export function readMetrics(require, metricProducers) {
  const {
    AggregationTemporality,
    InMemoryMetricExporter,
    MeterProvider,
    PeriodicExportingMetricReader,
  } = require('@opentelemetry/sdk-metrics');
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const meterProvider = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: metricExporter,
        exportIntervalMillis: 3_600_000,
        metricProducers,
      }),
    ],
  });

  /** The values of the metrics whose names match, by destination; undefined names are omitted. */
  async function metricsOf(pattern) {
    metricExporter.reset();
    await meterProvider.forceFlush();
    const values = {};
    for (const { scopeMetrics } of metricExporter.getMetrics()) {
      for (const { descriptor, dataPoints } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        if (!pattern.test(descriptor.name)) continue;
        for (const { attributes, value } of dataPoints) values[attributes['messaging.destination.name']] = value;
      }
    }
    return values;
  }
  return { meterProvider, metricsOf };
}

/** By their names in docs/compared.md. */
export const metricQuestions = ({ metricsOf, newTopic, throughKafka, producer, channel, redis }) => ({
  async 'The messages that a Kafka producer sends are counted'() {
    const topic = await newTopic();
    await producer.send({ topic, messages: [{ value: '1' }, { value: '2' }] });
    return (await metricsOf(/sent/))[topic] === 2;
  },

  async 'The messages that are published to RabbitMQ and added to Redis Streams are counted'() {
    const { queue } = await channel.assertQueue('');
    channel.sendToQueue(queue, Buffer.from('1'));
    await channel.deleteQueue(queue);
    const stream = `compared-${randomUUID()}`;
    await redis.xadd(stream, '*', 'order', '7');
    await redis.del(stream);
    const sent = await metricsOf(/sent/);
    return sent['amq.default'] > 0 && sent[stream] === 1;
  },

  async 'A metric reports how long Kafka messages have waited'() {
    let topic;
    await throughKafka(
      (to) => {
        topic = to;
        return producer.send({ topic, messages: [{ value: '1', timestamp: String(Date.now() - 60_000) }] });
      },
      (done) => ({ eachMessage: async () => done(1) }),
      1,
    );
    const age = (await metricsOf(/\.age$|wait|latency/))[topic];
    return age?.sum >= 60 && age.sum < 120;
  },

  async 'A metric reports how many messages wait for a Kafka consumer'() {
    let lags;
    let topic;
    await throughKafka(
      (to) => {
        topic = to;
        return producer.send({ topic, messages: [{ value: '1' }, { value: '2' }, { value: '3' }] });
      },
      (done) => ({
        eachMessage: async ({ message }) => {
          if (message.offset === '1') lags = await metricsOf(/lag/);
          done(1);
        },
      }),
      3,
    );
    return lags[topic] === 2;
  },
});
