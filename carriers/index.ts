// Exports the carriers: how each message format stores text headers, as pure functions without a client or an SDK.
export type { CarrierAdapter } from './adapter.ts';
export { amqpHeaders, type AmqpHeaders } from './amqp-headers.ts';
export { cloudEvents } from './cloud-events.ts';
export { environment, type EnvironmentVariables } from './environment.ts';
export { httpHeaders, type HttpHeaders } from './http-headers.ts';
export { kafkaHeaders, type KafkaHeaders } from './kafka-headers.ts';
export { headerByteLimits, headerNameLimit } from './limits.ts';
export { redisFields, type RedisFields } from './redis-fields.ts';
export { type DroppedHeaderReason, droppedHeaderReasons, droppedHeaders } from './dropped-headers.ts';
