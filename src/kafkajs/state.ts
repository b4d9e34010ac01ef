// What tracing remembers: of one producer or consumer, and of each message that was handed to the application.
import type { Attributes } from '@opentelemetry/api';
import { type Destination, type Messaging, type OperationDescription } from '../messaging/index.ts';
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
