import type { Log, Running } from './broker.ts';
import { kafka } from './kafka.ts';
import { type ManagedRabbitmq, managedRabbitmq, rabbitmq } from './rabbitmq.ts';
import { redisCluster, type RedisNode } from './redis-cluster.ts';
import { redis } from './redis.ts';
import { prepare, startBroker } from './start.ts';

export type { Log, ManagedRabbitmq, RedisNode };

/** Options of {@link startBrokers} and {@link startRedisCluster}. */
export interface BrokersOptions {
  /** Logs what is being waited for. Default: no log. */
  readonly log?: Log;
}

/** Three running brokers. */
export interface Brokers {
  /** Kafka's brokers, each as `host:port`, for kafkajs. */
  readonly kafkaBrokers: string[];
  readonly amqpUrl: string;
  readonly redisUrl: string;
  /** Stops those that were started, and removes all their files. */
  readonly stop: () => Promise<void>;
}

/** Waits for all; if one fails, the others are stopped. */
async function allOrNone(starting: readonly Promise<Running<unknown>>[]): Promise<void> {
  const settled = await Promise.allSettled(starting);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed === undefined) return;
  await Promise.all(settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value.stop()] : [])));
  throw failed.reason;
}

/**
 * Provides Kafka, RabbitMQ and Redis, each from the environment (`KAFKA_BROKERS`, `AMQP_URL`, `REDIS_URL`), else as a
 * container if a Docker daemon answers, else as processes of this machine on free ports. `MQTRACE_BROKERS=containers`
 * or `native` forces one way.
 *
 * Started brokers stop with {@link Brokers.stop}, and also when this process ends in any other way.
 */
export async function startBrokers({ log = () => {} }: BrokersOptions = {}): Promise<Brokers> {
  await prepare([kafka, rabbitmq, redis], log);
  const starting = [startBroker(kafka, log), startBroker(rabbitmq, log), startBroker(redis, log)] as const;
  await allOrNone(starting);
  const running = await Promise.all(starting);
  const [{ at: kafkaBrokers }, { at: amqpUrl }, { at: redisUrl }] = running;
  return {
    kafkaBrokers,
    amqpUrl,
    redisUrl,
    async stop(): Promise<void> {
      await Promise.all(running.map((broker) => broker.stop()));
    },
  };
}

/** Provides a Redis Cluster of three masters in the same way; the environment variable is `REDIS_CLUSTER_NODES`. */
export async function startRedisCluster({ log = () => {} }: BrokersOptions = {}): Promise<{
  readonly nodes: RedisNode[];
  readonly stop: () => Promise<void>;
}> {
  const { at: nodes, stop } = await startBroker(redisCluster, log);
  return { nodes, stop };
}

/** Provides a RabbitMQ with its management API in the same way. */
export async function startManagedRabbitmq({ log = () => {} }: BrokersOptions = {}): Promise<{
  readonly at: ManagedRabbitmq;
  readonly stop: () => Promise<void>;
}> {
  await prepare([managedRabbitmq], log);
  return startBroker(managedRabbitmq, log);
}
