// Exports the tracing of rabbitmq-client.
export type { TraceAmqplibOptions } from '../amqplib/options.ts';
export { type RabbitClientLike, traceRabbitClient } from './trace-rabbit-client.ts';
