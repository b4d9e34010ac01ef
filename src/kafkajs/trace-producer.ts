// Wraps one producer.
import { checkClient, claim, Messaging } from '../messaging/index.ts';
import { Connection } from './connection.ts';
import { checkKafkaOptions, type TraceKafkaProducerOptions } from './options.ts';
import { traceSends } from './sending.ts';
import { traceTransactions } from './transaction.ts';
import type { ProducerLike } from './types.ts';

/**
 * Traces what a kafkajs producer sends, also in transactions. It is the same object that is returned; a producer that is traced
 * already is left as it is.
 *
 * @throws MqtraceError `INVALID_CLIENT` if it is no producer, `INVALID_OPTION` for wrong options
 */
export function traceProducer<P extends ProducerLike>(producer: P, options: TraceKafkaProducerOptions = {}): P {
  checkClient('traceProducer', producer, ['send', 'sendBatch'], 'a kafkajs producer');
  checkKafkaOptions('traceProducer', options);
  const messaging = new Messaging('kafka', 'traceProducer', options);
  if (claim(producer, 'traceProducer', options)) wrapProducer(producer, messaging, options);
  return producer;
}

/** @internal */
export function wrapProducer(producer: ProducerLike, messaging: Messaging, options: TraceKafkaProducerOptions): void {
  const state = { messaging, connection: new Connection(producer, options, false) };
  traceSends(producer, state);
  traceTransactions(producer, state);
}
