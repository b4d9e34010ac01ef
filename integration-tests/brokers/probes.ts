import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';

/**
 * Resolves with the cluster's id once Kafka completes a transaction with offsets: only then do the internal topics of
 * the group and the transaction coordinator exist. Leaves nothing behind on the broker.
 */
export async function probeKafka(brokers: readonly string[], expectedCluster?: string): Promise<void> {
  const kafka = new Kafka({
    clientId: 'mqtrace-probe',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3000,
    retry: { retries: 2, initialRetryTime: 50, maxRetryTime: 200 },
  });
  const topic = `mqtrace-probe-${randomUUID()}`;
  const admin = kafka.admin();
  const producer = kafka.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true });
  try {
    await admin.connect();
    const { clusterId } = await admin.describeCluster();
    if (expectedCluster !== undefined && clusterId !== expectedCluster)
      throw new Error(`another Kafka answers there: ${clusterId}`);
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }], waitForLeaders: true });
    try {
      await producer.connect();
      const transaction = await producer.transaction();
      try {
        await transaction.send({ topic, messages: [{ value: 'probe' }] });
        const topics = [{ topic, partitions: [{ partition: 0, offset: '1' }] }];
        await transaction.sendOffsets({ consumerGroupId: topic, topics });
        await transaction.commit();
      } catch (error) {
        await transaction.abort();
        throw error;
      }
      await admin.deleteGroups([topic]);
    } finally {
      await admin.deleteTopics({ topics: [topic] });
    }
  } finally {
    await Promise.allSettled([producer.disconnect(), admin.disconnect()]);
  }
}

/** Resolves when RabbitMQ accepts a client and opens a channel. */
export async function probeAmqp(url: string, expectedCluster?: string): Promise<void> {
  const connection = await connect(url, { timeout: 5000 });
  // A broker that stops during the check must not end this process.
  connection.on('error', () => {});
  try {
    const { cluster_name: cluster } = connection.connection.serverProperties as { readonly cluster_name?: string };
    if (expectedCluster !== undefined && cluster !== expectedCluster)
      throw new Error(`another RabbitMQ answers there: ${cluster}`);
    await (await connection.createChannel()).close();
  } finally {
    await connection.close();
  }
}

/** Runs `ask` on a new connection to one Redis server. */
export async function askRedis<T>(url: string, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

/** Resolves when Redis answers. */
export async function probeRedis(url: string, expectedDirectory?: string): Promise<void> {
  await askRedis(url, async (redis) => {
    await redis.ping();
    if (expectedDirectory === undefined) return;
    const [, directory] = await redis.config('GET', 'dir');
    if (directory !== expectedDirectory) throw new Error(`another Redis answers there, in ${directory}`);
  });
}
