// Sends one message through Redis Streams and tells, as JSON, the fields that come back and whether kafkajs' clients are traced.
const Redis = require('ioredis');
const { Kafka, logLevel } = require('kafkajs');

const { REDIS_URL, STREAM } = process.env;
const producer = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }).producer();
const redis = new Redis(REDIS_URL);
redis
  .xadd(STREAM, '*', 'a', '1')
  .then(() => redis.xrange(STREAM, '-', '+'))
  .then(async ([[, fields]]) => {
    console.log(JSON.stringify({ names: fields.filter((_, index) => index % 2 === 0), kafkajs: isTraced(producer) }));
    await redis.del(STREAM);
    await redis.quit();
  });

const isTraced = (client) => Object.getOwnPropertySymbols(client).includes(Symbol.for('mqtrace.traced'));
