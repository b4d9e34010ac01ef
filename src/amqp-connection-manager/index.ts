// Exports the tracing of amqp-connection-manager.
export type { TraceAmqplibOptions } from '../amqplib/options.ts';
export { traceConnectionManager } from './trace-connection-manager.ts';
export type { ConnectionManagerLike } from './types.ts';
