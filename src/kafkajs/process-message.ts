// Processes one message of a batch, or one that was kept for later.
import type { Context } from '@opentelemetry/api';
import { checkFunction } from '../common/check-options.ts';
import { reportFault } from '../common/faults.ts';
import {
  activeContext,
  contextWithoutSpan,
  Messaging,
  Operation,
  runHandler,
  runInContext,
  startProcessing,
} from '../messaging/index.ts';
import { deliveries, ReceivedMessage } from './message.ts';
import type { Source } from './state.ts';
import type { KafkaMessageLike } from './types.ts';

let standalone: Source | undefined;

/** A message of no traced consumer: what it carries is known, but neither its topic nor the group. */
function unknownDelivery(message: KafkaMessageLike): ReceivedMessage {
  standalone ??= {
    messaging: new Messaging('kafka', 'processMessage', {}),
    destination: undefined,
    description: { name: 'process' },
  };
  return new ReceivedMessage(message, standalone);
}

/**
 * Processes one message of a batch, or one that was kept for later: runs `fn` in the message's own context, with its baggage, and
 * within a span of its own time. That is a CONSUMER span `process {topic}` under the message's creation context, which it links,
 * as it links the span of the batch that it is called in.
 *
 * A message that did not come from a traced consumer is processed in the same way, with what it tells itself.
 *
 * @param message - as kafkajs gave it.
 * @param fn - gets the message.
 * @returns what `fn` returns; a promise is replaced by one with the same outcome, and the span ends with it.
 */
export function processMessage<M extends KafkaMessageLike, R>(message: M, fn: (message: M) => R): R {
  checkFunction('processMessage(message, fn)', fn);
  const ambient = activeContext();
  let started: Operation | Context = ambient;
  try {
    const received = deliveries.get(message) ?? unknownDelivery(message);
    const { messaging, description } = received.source;
    started =
      contextWithoutSpan(messaging, received, ambient) ?? startProcessing(messaging, description, received, ambient);
  } catch (error) {
    reportFault('processMessage', error);
  }
  const call = (): R => fn(message);
  return started instanceof Operation ? runHandler(started, call) : runInContext(started, call);
}
