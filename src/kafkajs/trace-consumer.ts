import { checkClient, claim, Messaging } from '../messaging/index.ts';
import { ClientAttributes } from './client-attributes.ts';
import { traceRun } from './consumer.ts';
import { checkKafkaOptions, type KafkaConsumerTraceOptions } from './options.ts';
import { settledByCommit, traceSettle } from './settle.ts';
import type { ConsumerLike } from './types.ts';

/**
 * Traces what a kafkajs consumer hands to `eachMessage` or `eachBatch`, and its `commitOffsets`. It is the same object that is
 * returned; a consumer that is traced already is left as it is. Call it before `run`.
 *
 * @throws MqtraceError `INVALID_CLIENT` if it is no consumer, `INVALID_OPTION` for wrong options
 */
export function traceConsumer<C extends ConsumerLike>(consumer: C, options: KafkaConsumerTraceOptions = {}): C {
  checkClient('traceConsumer', consumer, ['run'], 'a kafkajs consumer');
  checkKafkaOptions('traceConsumer', options, ['groupId']);
  const messaging = new Messaging('kafka', 'traceConsumer', options);
  if (claim(consumer, 'traceConsumer', options)) wrapConsumer(consumer, messaging, options);
  return consumer;
}

/** @internal */
export function wrapConsumer(consumer: ConsumerLike, messaging: Messaging, options: KafkaConsumerTraceOptions): void {
  const facts = new ClientAttributes(consumer, options, true);
  traceRun(consumer, messaging, facts);
  traceSettle(consumer, 'commitOffsets', 'commit', messaging, facts, settledByCommit);
}
