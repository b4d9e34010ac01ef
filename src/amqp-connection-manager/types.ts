// Describes the used parts of amqp-connection-manager structurally, so that no version of it is imported.

/** The result of `connect` of amqp-connection-manager, an `AmqpConnectionManager`. */
export interface ConnectionManagerLike {
  createChannel(options?: never): unknown;
  isConnected(): boolean;
  close(): unknown;
}
