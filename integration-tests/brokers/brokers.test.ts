import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { Cluster, Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, inject, it } from 'vitest';
import { startRedisCluster } from './index.ts';

const name = (): string => `brokers-${randomUUID()}`;

describe('the brokers that suites share', () => {
  it('Kafka carries a message, and offsets in a transaction', async () => {
    const kafka = new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING });
    const [topic, group] = [name(), name()];
    const producer = kafka.producer({ transactionalId: name(), idempotent: true, maxInFlightRequests: 1 });
    const consumer = kafka.consumer({ groupId: group });
    const admin = kafka.admin();
    try {
      await Promise.all([producer.connect(), admin.connect(), consumer.connect()]);
      await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ key: 'k', value: 'v', headers: { h: '1' } }] });
      await transaction.sendOffsets({
        consumerGroupId: group,
        topics: [{ topic, partitions: [{ partition: 0, offset: '0' }] }],
      });
      await transaction.commit();

      await consumer.subscribe({ topic, fromBeginning: true });
      const received = await new Promise((resolve, reject) => {
        const eachMessage = async ({ message }: { message: { value: Buffer | null } }): Promise<void> =>
          resolve(message.value?.toString());
        consumer.run({ eachMessage }).catch(reject);
      });
      expect(received).toBe('v');
      const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      expect(offsets?.partitions).toMatchObject([{ partition: 0, offset: expect.stringMatching(/^[01]$/) }]);
    } finally {
      await Promise.all([producer.disconnect(), consumer.disconnect(), admin.disconnect()]);
    }
  });

  it('RabbitMQ carries a message', async () => {
    const connection = await connect(inject('amqpUrl'));
    try {
      const channel = await connection.createConfirmChannel();
      const { queue } = await channel.assertQueue('', { exclusive: true });
      channel.sendToQueue(queue, Buffer.from('v'), { headers: { h: '1' } });
      await channel.waitForConfirms();
      const message = await channel.get(queue, { noAck: true });
      expect(message).toMatchObject({ content: Buffer.from('v'), properties: { headers: { h: '1' } } });
    } finally {
      await connection.close();
    }
  });

  it('Redis carries a stream entry', async () => {
    const redis = new Redis(inject('redisUrl'));
    try {
      const stream = name();
      const id = await redis.xadd(stream, '*', 'f', 'v');
      expect(await redis.xread('STREAMS', stream, '0')).toStrictEqual([[stream, [[id, ['f', 'v']]]]]);
    } finally {
      redis.disconnect();
    }
  });
});

it('a Redis Cluster takes stream entries on each of its nodes', async () => {
  const { nodes, stop } = await startRedisCluster();
  try {
    const cluster = new Cluster(nodes);
    try {
      const streams = Array.from({ length: 12 }, name);
      for (const stream of streams) await cluster.xadd(stream, '*', 'f', stream);
      for (const stream of streams) expect(await cluster.xlen(stream)).toBe(1);
      const sizes = await Promise.all(cluster.nodes('master').map((node) => node.dbsize()));
      expect(sizes).toHaveLength(3);
      expect(sizes).not.toContain(0);
    } finally {
      cluster.disconnect();
    }
  } finally {
    await stop();
  }
});
