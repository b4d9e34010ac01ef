// Implements processMessage(): processes one message of a batch, or a stored message.
import { checkFunction } from '../common/check-options.ts';
import { reportFault } from '../common/faults.ts';
import {
  activeContext,
  Messaging,
  type Operation,
  runStarted,
  startProcessingLightly,
  type Unsampled,
} from '../messaging/index.ts';
import { ReceivedMessage } from './message.ts';
import { receivedMessages, type Source } from './state.ts';
import type { KafkaMessageLike } from './types.ts';

let standalone: Source | undefined;

/** A message that did not come from a traced consumer: its context is known, but not its topic or group. */
function unknownDelivery(message: KafkaMessageLike): ReceivedMessage {
  standalone ??= {
    messaging: new Messaging('kafka', 'processMessage', {}),
    destination: undefined,
    description: { name: 'process' },
  };
  return new ReceivedMessage(message, standalone);
}

/**
 * Processes one message of a batch, or a stored message: runs `fn` in the context of the message, with its baggage and a separate
 * span. This is a CONSUMER span `process {topic}` below the message's creation context. It links the creation context, and the span
 * of the batch in which it is called.
 *
 * A message that did not come from a traced consumer is processed in the same way, with the attributes of the message itself.
 *
 * @param message - as returned by kafkajs.
 * @param fn - called with the message.
 * @returns what `fn` returns; a promise is replaced by one with the same outcome, and the span ends with it.
 */
export function processMessage<M extends KafkaMessageLike, R>(message: M, fn: (message: M) => R): R {
  checkFunction('processMessage(message, fn)', fn);
  const ambient = activeContext();
  let started: Operation | Unsampled = ambient;
  try {
    const stored = receivedMessages.get(message) ?? unknownDelivery(message);
    const received = stored instanceof ReceivedMessage ? stored : new ReceivedMessage(message, stored);
    const { messaging, description } = received.source;
    started = startProcessingLightly(messaging, description, received, ambient);
  } catch (error) {
    reportFault('processMessage', error);
  }
  return runStarted(started, () => fn(message));
}
