// Implements traceKafka(), which wraps a client and the producers and consumers that it creates.
import { checkClient, claim, guard, Messaging, replaceMethod } from '../messaging/index.ts';
import { Cluster } from './cluster.ts';
import type { AdminLike } from './lag.ts';
import { checkKafkaOptions, type TraceKafkaConsumerOptions, type TraceKafkaOptions } from './options.ts';
import { wrapConsumer } from './trace-consumer.ts';
import { wrapProducer } from './trace-producer.ts';
import type { ConsumerLike, KafkaLike, ProducerLike } from './types.ts';

/**
 * Traces the producers and consumers that a kafkajs client creates from now on. Returns the same object; a client that is already
 * traced is returned unchanged. Admin clients are not traced.
 *
 * @throws MqtraceError `INVALID_CLIENT` if it is not a kafkajs client, `INVALID_OPTION` for invalid options
 */
export function traceKafka<K extends KafkaLike>(kafka: K, options: TraceKafkaOptions = {}): K {
  checkClient('traceKafka', kafka, ['producer', 'consumer'], 'a kafkajs client');
  checkKafkaOptions('traceKafka', options, ['pollLag', 'autoCommitSpans']);
  const created = new CreatedClients(options);
  if (!claim(kafka, 'traceKafka', options)) return kafka;
  replaceMethod(kafka, 'producer', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      const producer = raw.apply(this, args) as ProducerLike;
      guard('tracing a producer', () => created.producer(producer, kafka));
      return producer;
    };
  });
  replaceMethod(kafka, 'consumer', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      const consumer = raw.apply(this, args) as ConsumerLike;
      guard('tracing a consumer', () => created.consumer(consumer, args[0], kafka));
      return consumer;
    };
  });
  return kafka;
}

/** An admin client that does not retry if Kafka does not respond: the next collection of metrics reads again. */
function adminOf(kafka: object): AdminLike {
  return (kafka as { admin(config: object): AdminLike }).admin({ retry: { retries: 0 } });
}

/** Traces the producers and consumers that a client creates. @internal */
export class CreatedClients {
  readonly #messaging: Messaging;
  readonly #options: TraceKafkaOptions;
  /** By client, because many clients share the same options, and may connect to several clusters. */
  readonly #clusters = new WeakMap<object, Cluster>();

  constructor(options: TraceKafkaOptions) {
    this.#messaging = new Messaging('kafka', 'traceKafka', options);
    this.#options = options;
  }

  /** @param kafka - the client that created it. */
  producer(producer: ProducerLike, kafka: object): void {
    if (!claim(producer, 'traceKafka', this.#options)) return;
    wrapProducer(producer, this.#messaging, this.#options, this.#clusterOf(kafka));
  }

  #clusterOf(kafka: object): Cluster | undefined {
    if (this.#options.clusterId !== true) return undefined;
    let cluster = this.#clusters.get(kafka);
    if (cluster === undefined) {
      cluster = new Cluster(() => adminOf(kafka));
      this.#clusters.set(kafka, cluster);
    }
    return cluster;
  }

  /**
   * @param config - the application's configuration of the consumer.
   * @param kafka - the client that created it.
   */
  consumer(consumer: ConsumerLike, config: unknown, kafka: object): void {
    if (!claim(consumer, 'traceKafka', this.#options)) return;
    const admin = this.#options.pollLag === true ? () => adminOf(kafka) : undefined;
    wrapConsumer(consumer, this.#messaging, { ...this.#options, ...groupOf(config) }, admin, this.#clusterOf(kafka));
  }
}

/** kafkajs throws for a consumer without a group, so an accepted group is a string. */
function groupOf(config: unknown): Pick<TraceKafkaConsumerOptions, 'groupId'> {
  const { groupId } = (config ?? {}) as { groupId?: unknown };
  return typeof groupId === 'string' ? { groupId } : {};
}
