// Implements traceProducer(), which wraps one producer.
import { checkClient, claim, guard, Messaging } from '../messaging/index.ts';
import type { Cluster } from './cluster.ts';
import { Connection } from './connection.ts';
import { checkKafkaOptions, type TraceKafkaProducerOptions } from './options.ts';
import { traceSends } from './sending.ts';
import { traceTransactions } from './transaction.ts';
import type { ProducerLike } from './types.ts';

/**
 * Traces the messages that a kafkajs producer sends, including transactions. Returns the same object; a producer that is already
 * traced is returned unchanged.
 *
 * @throws MqtraceError `INVALID_CLIENT` if it is not a producer, `INVALID_OPTION` for invalid options
 */
export function traceProducer<P extends ProducerLike>(producer: P, options: TraceKafkaProducerOptions = {}): P {
  checkClient('traceProducer', producer, ['send', 'sendBatch'], 'a kafkajs producer');
  checkKafkaOptions('traceProducer', options);
  const messaging = new Messaging('kafka', 'traceProducer', options);
  if (claim(producer, 'traceProducer', options)) wrapProducer(producer, messaging, options);
  return producer;
}

/** @internal */
export function wrapProducer(
  producer: ProducerLike,
  messaging: Messaging,
  options: TraceKafkaProducerOptions,
  cluster?: Cluster,
): void {
  const state = { messaging, connection: new Connection(producer, options, false) };
  guard('preparing to ask for the cluster', () => cluster?.describe(producer, state));
  traceSends(producer, state);
  traceTransactions(producer, state);
}
