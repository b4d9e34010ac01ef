// Defines the state that tracing keeps for a producer or consumer, and for each received message.
import type { Attributes } from '@opentelemetry/api';
import {
  createStamp,
  type Destination,
  type Messaging,
  type OperationDescription,
  type Stamp,
} from '../messaging/index.ts';
import type { Connection } from './connection.ts';
import type { ReceivedMessage } from './message.ts';

/** The state of one producer or consumer. */
export interface ClientState {
  readonly messaging: Messaging;
  readonly connection: Connection;
}

/** The common attributes of the messages from one source. */
export interface Source {
  messaging: Messaging;
  destination: Destination | undefined;
  /** The attributes for processing them. */
  description: Pick<OperationDescription, 'name'> & { attributes?: Attributes };
}

/** The messages that were passed to the application, for `processMessage`. */
export const receivedMessages: Stamp<ReceivedMessage> = createStamp();
