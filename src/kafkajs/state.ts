// Defines the state that tracing keeps for a producer or consumer, and for each received message.
import { createStamp, type Messaging, type MessageSource, type Stamp } from '../messaging/index.ts';
import type { Connection } from './connection.ts';
import type { ReceivedMessage } from './message.ts';

/** The state of one producer or consumer. */
export interface ClientState {
  readonly messaging: Messaging;
  readonly connection: Connection;
}

/**
 * Stores with each message that was passed to the application how it was received, for `processMessage`: only the source, if the
 * message can be read again.
 */
export const receivedMessages: Stamp<ReceivedMessage | MessageSource> = createStamp();
