// Sends a message through each client, and returns what its consumer saw. Written for the oldest supported versions:
// CommonJS, and modules as arguments, so that every lane loads them in its own way.

/**
 * Runs the pipelines of all clients. Throws unless each consumer is in the producer's trace and sees its baggage.
 * `metrics`: the result of `mqtraceMetrics()`; `tracing`: set-up of a provider other than mqtrace/sdk; `options`:
 * those of the wrappers.
 */
module.exports = async function pipelines({
  api,
  mqtrace,
  sdk,
  metrics,
  kafkajs,
  amqplib,
  ioredis,
  wrappers,
  ...other
}) {
  const { options } = other;
  const { KAFKA_BROKERS, AMQP_URL, REDIS_URL, TOPIC, QUEUE, STREAM } = process.env;
  const spans = [];
  const tracing =
    other.tracing ??
    sdk.startTracing({
      serviceName: 'lane',
      environment: 'ignore',
      export: { protocol: 'none' },
      spanProcessors: [
        {
          onStart() {},
          onEnd: (span) => void spans.push({ traceId: span.spanContext().traceId, name: span.name }),
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      ],
    });
  const seen = {};
  const see = (client) => {
    seen[client] = {
      traceId: api.trace.getSpan(api.context.active())?.spanContext().traceId,
      tenant: api.propagation.getActiveBaggage()?.getEntry('tenant')?.value,
    };
  };
  const sent = {};
  const send = (client, fn) =>
    tracing.span(`order ${client}`, (span) => {
      sent[client] = span.spanContext().traceId;
      return mqtrace.withBaggage({ tenant: 'acme' }, fn);
    });

  const kafka = wrappers.traceKafka(
    new kafkajs.Kafka({ clientId: 'lane', brokers: KAFKA_BROKERS.split(','), logLevel: kafkajs.logLevel.NOTHING }),
    options,
  );
  const consumer = kafka.consumer({ groupId: TOPIC, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  const taken = new Promise((resolve) => {
    void consumer.run({
      eachMessage: async () => {
        see('kafkajs');
        resolve();
      },
    });
  });
  const producer = kafka.producer();
  await producer.connect();
  await send('kafkajs', () => producer.send({ topic: TOPIC, messages: [{ value: '17' }] }));
  await taken;
  await consumer.disconnect();
  await producer.disconnect();

  const connection = wrappers.traceConnection(await amqplib.connect(AMQP_URL), options);
  const channel = await connection.createChannel();
  await channel.assertQueue(QUEUE, { exclusive: true });
  const delivered = new Promise((resolve) => {
    void channel.consume(QUEUE, (message) => {
      see('amqplib');
      channel.ack(message);
      resolve();
    });
  });
  await send('amqplib', () => channel.sendToQueue(QUEUE, Buffer.from('17')));
  await delivered;
  await connection.close();

  const Redis = ioredis.Redis ?? ioredis.default ?? ioredis;
  const redis = wrappers.traceRedis(new Redis(REDIS_URL), options);
  let stop;
  const read = new Promise((resolve) => {
    const running = wrappers.consumeStream(redis, { streams: STREAM, group: 'lane', blockMs: 500 }, () => {
      see('ioredis');
      resolve();
    });
    stop = () => running.stop();
  });
  await send('ioredis', () => redis.xadd(STREAM, '*', 'order', '17'));
  await read;
  await stop();
  await redis.del(STREAM);
  await redis.quit();
  await tracing.shutdown();

  for (const client of ['kafkajs', 'amqplib', 'ioredis']) {
    const { traceId, tenant } = seen[client];
    if (traceId !== sent[client] || tenant !== 'acme')
      throw new Error(`${client}: sent in ${sent[client]}, received in ${traceId} with tenant ${tenant}`);
    if (other.tracing !== undefined) continue;
    const names = spans.filter((span) => span.traceId === traceId).map(({ name }) => name);
    if (names.length < 3) throw new Error(`${client}: only the spans ${names.join(', ')}`);
  }
  const { resourceMetrics } = await metrics.collect();
  const counted = resourceMetrics.scopeMetrics[0].metrics.filter(({ descriptor: { name } }) =>
    /^messaging\.client\.(sent|consumed)\.messages$/.test(name),
  );
  for (const system of ['kafka', 'rabbitmq', 'redis']) {
    const values = counted.map(({ dataPoints }) =>
      dataPoints
        .filter(({ attributes }) => attributes['messaging.system.name'] === system)
        .reduce((sum, { value }) => sum + value, 0),
    );
    if (String(values) !== '1,1') throw new Error(`${system}: sent and consumed are counted as ${values}`);
  }
  return `ok, ${spans.length} spans`;
};
