import { checkClient, claim, Messaging } from '../messaging/index.ts';
import { ClientAttributes } from './client-attributes.ts';
import { checkKafkaOptions, type KafkaTraceOptions } from './options.ts';
import { traceSends } from './sender.ts';
import { traceTransactions } from './transaction.ts';
import type { ProducerLike } from './types.ts';

/**
 * Traces what a kafkajs producer sends, also in transactions. It is the same object that is returned; a producer that is traced
 * already is left as it is.
 *
 * @throws MqtraceError `INVALID_CLIENT` if it is no producer, `INVALID_OPTION` for wrong options
 */
export function traceProducer<P extends ProducerLike>(producer: P, options: KafkaTraceOptions = {}): P {
  checkClient('traceProducer', producer, ['send', 'sendBatch'], 'a kafkajs producer');
  checkKafkaOptions('traceProducer', options);
  const messaging = new Messaging('kafka', 'traceProducer', options);
  if (claim(producer, 'traceProducer', options)) wrapProducer(producer, messaging, options);
  return producer;
}

/** @internal */
export function wrapProducer(producer: ProducerLike, messaging: Messaging, options: KafkaTraceOptions): void {
  const facts = new ClientAttributes(producer, options, false);
  traceSends(producer, messaging, facts);
  traceTransactions(producer, messaging, facts);
}
