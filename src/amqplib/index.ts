// Exports the tracing of amqplib, with promises or callbacks.
export type { TraceAmqplibOptions } from './options.ts';
export { processMessage } from './process-message.ts';
export { traceChannel } from './trace-channel.ts';
export { traceConnection } from './trace-connection.ts';
export type { ChannelLike, ConnectionLike, MessageLike } from './types.ts';
