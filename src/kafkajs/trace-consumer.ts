// Implements traceConsumer(), which wraps one consumer.
import { checkClient, claim, Messaging } from '../messaging/index.ts';
import { Connection } from './connection.ts';
import { type AdminLike, ConsumerLag } from './lag.ts';
import { traceRun } from './receiving.ts';
import { checkKafkaOptions, type TraceKafkaConsumerOptions } from './options.ts';
import { settledByCommit, traceSettle } from './settling.ts';
import type { ConsumerLike } from './types.ts';

/**
 * Traces the `eachMessage` or `eachBatch` handler of a kafkajs consumer, and its `commitOffsets`. Returns the same object; a
 * consumer that is already traced is returned unchanged. Call it before `run`.
 *
 * @throws MqtraceError `INVALID_CLIENT` if it is not a consumer, `INVALID_OPTION` for invalid options
 */
export function traceConsumer<C extends ConsumerLike>(consumer: C, options: TraceKafkaConsumerOptions = {}): C {
  checkClient('traceConsumer', consumer, ['run'], 'a kafkajs consumer');
  checkKafkaOptions('traceConsumer', options, ['groupId']);
  const messaging = new Messaging('kafka', 'traceConsumer', options);
  if (claim(consumer, 'traceConsumer', options)) wrapConsumer(consumer, messaging, options);
  return consumer;
}

/** @internal */
export function wrapConsumer(
  consumer: ConsumerLike,
  messaging: Messaging,
  options: TraceKafkaConsumerOptions,
  admin?: () => AdminLike,
): void {
  const state = { messaging, connection: new Connection(consumer, options, true) };
  traceRun(consumer, state, new ConsumerLag(consumer, state, admin));
  traceSettle(consumer, 'commitOffsets', 'commit', state, settledByCommit);
}
