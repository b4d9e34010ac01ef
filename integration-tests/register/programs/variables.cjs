// Publishes and processes a CloudEvent through RabbitMQ, and shows what the message and the entry of a stream carry, as JSON.
const { Redis } = require('ioredis');
const { connect } = require('amqplib');

const { AMQP_URL, REDIS_URL, QUEUE, STREAM } = process.env;
const given = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

void (async () => {
  const connection = await connect(AMQP_URL);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(QUEUE, { durable: false, autoDelete: true });
  const received = new Promise((resolve) => {
    void channel.consume(QUEUE, (message) => {
      channel.ack(message);
      setImmediate(resolve, message.properties.headers);
    });
  });
  const cloudEvent = { 'cloudEvents:id': '1', 'cloudEvents:type': 'order', 'cloudEvents:source': '/shop' };
  const headers = { ...cloudEvent, 'cloudEvents:specversion': '1.0' };
  if (process.env.RELAY) headers.traceparent = given;
  channel.sendToQueue(QUEUE, Buffer.from('{}'), { headers });
  await channel.waitForConfirms();
  const carried = await received;
  await channel.close();
  await connection.close();

  const redis = new Redis(REDIS_URL);
  await redis.xadd(STREAM, '*', 'a', '1');
  const [[, fields]] = await redis.xrange(STREAM, '-', '+');
  await redis.del(STREAM);
  await redis.quit();
  const cloudEventHeader = Object.keys(carried).find((name) => /^cloudEvents[:_]traceparent$/.test(name));
  console.log(
    JSON.stringify({
      context: Object.keys(carried).filter((name) => /^(?:traceparent|b3)$/.test(name)),
      isSampled: /-0[13]$/.test(carried.traceparent ?? ''),
      isKept: carried.traceparent === given,
      hasPipeline: /mqtrace/.test(carried.tracestate ?? ''),
      hasCloudEvent: cloudEventHeader !== undefined,
      fields: fields.filter((_, index) => index % 2 === 0),
    }),
  );
})();
