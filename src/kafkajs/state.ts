// What tracing remembers: of one producer or consumer, and of each message that was handed to the application.
import type { Attributes } from '@opentelemetry/api';
import {
  createStamp,
  type Destination,
  type Incoming,
  type Messaging,
  type OperationDescription,
  type Stamp,
} from '../messaging/index.ts';
import type { Connection } from './connection.ts';

/** Of one producer or consumer. */
export interface ClientState {
  readonly messaging: Messaging;
  readonly connection: Connection;
}

/** What the messages of one source have in common. */
export interface Source {
  messaging: Messaging;
  destination: Destination | undefined;
  /** Of what processes them. */
  description: Pick<OperationDescription, 'name'> & { attributes?: Attributes };
}

/** Of a message that was handed to the application. */
export interface Delivery {
  source: Source;
  incoming: Incoming;
}

/** By the message itself, for `processMessage`. */
export const deliveries: Stamp<Delivery> = createStamp();
