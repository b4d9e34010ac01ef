// Implements processMessage(): processes one message of a batch, or a stored message.
import type { Context } from '@opentelemetry/api';
import { kafkaHeaders } from '../../carriers/index.ts';
import { checkFunction } from '../common/check-options.ts';
import { reportFault } from '../common/faults.ts';
import {
  activeContext,
  callStarted,
  type Counting,
  isProcessedIn,
  measureIn,
  type MessageSource,
  Messaging,
  type Operation,
  startProcessingLightly,
  type Unsampled,
} from '../messaging/index.ts';
import { readSentAt, ReceivedMessage } from './message.ts';
import { receivedMessages } from './state.ts';
import type { KafkaMessageLike } from './types.ts';

let standalone: MessageSource | undefined;

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
  let started: Operation | Unsampled = activeContext();
  try {
    started = start(message, started);
  } catch (error) {
    reportFault('processMessage', error);
  }
  return callStarted(started, fn, message);
}

function start(message: KafkaMessageLike, ambient: Context): Operation | Unsampled {
  const stored = receivedMessages.get(message) ?? unknownDelivery(message);
  if (!(stored instanceof ReceivedMessage)) return startOn(message, stored, ambient);
  const { messaging, description } = stored.source;
  return startProcessingLightly(messaging, description, stored, ambient);
}

/** Starts the processing of a message that has not been read yet. @internal */
export function startOn(
  message: KafkaMessageLike,
  source: MessageSource,
  ambient: Context,
  counting?: Counting,
): Operation | Unsampled {
  const { messaging, description } = source;
  const context = messaging.extractPlain(kafkaHeaders, message.headers);
  if (context !== undefined && isProcessedIn(messaging, context, ambient)) {
    return measureIn(source, message, readSentAt, context, counting);
  }
  return startProcessingLightly(
    messaging,
    description,
    new ReceivedMessage(message, source, context),
    ambient,
    counting,
  );
}
