// What an application can see of the clients, as JSON; the same with and without mqtrace/register.
const { inspect } = require('node:util');
const amqplib = require('amqplib');
const callbacks = require('amqplib/callback_api');
const ioredis = require('ioredis');
const kafkajs = require('kafkajs');

const { AMQP_URL, KAFKA_BROKERS, REDIS_URL, STREAM } = process.env;
const seen = {};

/** Names, lengths and kinds of properties, and the first line that is printed. */
function look(object) {
  const own = Reflect.ownKeys(object).filter((key) => Object.prototype.propertyIsEnumerable.call(object, key));
  const methods = own.filter((key) => typeof object[key] === 'function');
  return {
    keys: own.map(String).sort(),
    methods: methods.map((key) => [String(key), object[key].name, object[key].length]),
    prototype: Object.getPrototypeOf(object)?.constructor?.name,
    printed: inspect(object, { depth: 0 }).split('\n')[0],
  };
}

/** Properties of a class and its prototype. */
const lookAtClass = (given) => ({
  statics: Object.getOwnPropertyNames(given).sort(),
  methods: Object.getOwnPropertyNames(given.prototype)
    .map((name) => [name, Object.getOwnPropertyDescriptor(given.prototype, name)])
    .map(([name, { value, enumerable }]) => [name, enumerable, value?.name, value?.length]),
});

async function kafka() {
  const calls = [];
  class Shop extends kafkajs.Kafka {
    producer(...args) {
      calls.push('producer');
      return super.producer(...args);
    }
  }
  const shop = new Shop({ brokers: KAFKA_BROKERS.split(','), logLevel: kafkajs.logLevel.NOTHING });
  seen.kafkajs = {
    exports: Object.keys(kafkajs),
    same: kafkajs.Kafka === require('kafkajs/src/index.js'),
    kafka: lookAtClass(kafkajs.Kafka),
    instance: look(shop),
    instanceof: [shop instanceof Shop, shop instanceof kafkajs.Kafka],
    producer: look(shop.producer()),
    consumer: look(shop.consumer({ groupId: 'identity' })),
    admin: look(shop.admin()),
    calls,
  };
}

async function rabbit() {
  const connection = await amqplib.connect(AMQP_URL);
  const channel = await connection.createChannel();
  const confirms = await connection.createConfirmChannel();
  const { queue } = await confirms.assertQueue('', { exclusive: true });
  const answered = await new Promise((resolve) => confirms.sendToQueue(queue, Buffer.from('1'), {}, resolve));
  const other = await new Promise((resolve, reject) =>
    callbacks.connect(AMQP_URL, (error, made) => (error ? reject(error) : resolve(made))),
  );
  const direct = other.createChannel();
  seen.amqplib = {
    exports: [Object.keys(amqplib), Object.keys(callbacks), amqplib.connect.name, amqplib.connect.length],
    model: lookAtClass(connection.constructor),
    callbackModel: lookAtClass(other.constructor),
    objects: [connection, channel, confirms, other, direct].map(look),
    answered,
    inherits: [confirms instanceof channel.constructor, confirms.constructor.name],
  };
  await connection.close();
  await new Promise((resolve) => other.close(resolve));
}

async function redis() {
  const calls = [];
  class Cache extends ioredis.Redis {
    sendCommand(command, ...rest) {
      if (command.name === 'xadd') calls.push('sendCommand');
      return super.sendCommand(command, ...rest);
    }
  }
  const cache = new Cache(REDIS_URL);
  await cache.ping();
  await cache.xadd(STREAM, '*', 'a', '1');
  await cache.del(STREAM);
  const created = ioredis.Redis.createClient(REDIS_URL);
  const copy = cache.duplicate();
  seen.ioredis = {
    exports: Object.keys(ioredis),
    same: [ioredis === ioredis.Redis, ioredis.default === ioredis.Redis],
    redis: lookAtClass(ioredis.Redis),
    cluster: lookAtClass(ioredis.Cluster),
    objects: [cache, created, copy].map(look),
    instanceof: [cache instanceof Cache, cache instanceof ioredis.Redis, created instanceof ioredis.Redis],
    calls,
  };
  for (const each of [cache, created, copy]) await each.quit();
}

void kafka()
  .then(rabbit)
  .then(redis)
  .then(() => console.log(JSON.stringify(seen)));
