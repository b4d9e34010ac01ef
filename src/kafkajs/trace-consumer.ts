// Implements traceConsumer(), which wraps one consumer.
import { checkClient, claim, guard, Messaging } from '../messaging/index.ts';
import { traceAutoCommits } from './auto-commits.ts';
import type { Cluster } from './cluster.ts';
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
  checkKafkaOptions('traceConsumer', options, ['groupId', 'autoCommitSpans']);
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
  cluster?: Cluster,
): void {
  const state = { messaging, connection: new Connection(consumer, options, true) };
  guard('preparing to ask for the cluster', () => cluster?.describe(consumer, state));
  traceRun(consumer, state, new ConsumerLag(consumer, state, admin));
  if (options.autoCommitSpans === true) guard('listening to commits', () => traceAutoCommits(consumer, state));
  traceSettle(consumer, 'commitOffsets', 'commit', state, settledByCommit);
}
