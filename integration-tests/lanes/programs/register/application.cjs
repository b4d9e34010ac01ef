// An application that knows nothing of tracing: an order goes through Kafka, RabbitMQ and Redis Streams. The modules are handed over,
// so that it can be loaded in any way.

module.exports = async function run({ Kafka, logLevel, connect, Redis }) {
  const { KAFKA_BROKERS, AMQP_URL, REDIS_URL, TOPIC, QUEUE, STREAM } = process.env;
  const kafka = new Kafka({ clientId: 'shop', brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING });
  const connection = await connect(AMQP_URL);
  const channel = await connection.createConfirmChannel();
  const redis = new Redis(REDIS_URL);
  await channel.assertQueue(QUEUE);
  await redis.xgroup('CREATE', STREAM, 'shipping', '0', 'MKSTREAM');

  const delivered = new Promise((resolve, reject) => {
    channel
      .consume(QUEUE, (message) => {
        // The queue is deleted at the end.
        if (message === null) return;
        redis
          .xadd(STREAM, '*', 'order', message.content.toString())
          .then(() => resolve(channel.ack(message)))
          .catch(reject);
      })
      .catch(reject);
  });
  const consumer = kafka.consumer({ groupId: TOPIC, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      channel.sendToQueue(QUEUE, message.value);
      await channel.waitForConfirms();
    },
  });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: TOPIC, messages: [{ value: 'order 17' }] });
  await delivered;
  const replies = await redis.xreadgroup('GROUP', 'shipping', 'c', 'COUNT', 1, 'STREAMS', STREAM, '>');
  const [id, fields] = replies[0][1][0];
  await redis.xack(STREAM, 'shipping', id);

  await consumer.disconnect();
  await producer.disconnect();
  await channel.deleteQueue(QUEUE);
  await connection.close();
  await redis.del(STREAM);
  await redis.quit();
  return fields.join(' ');
};
