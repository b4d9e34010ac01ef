// Exports the tracing of kafkajs: wraps the client, or a single producer or consumer.
export { traceKafka } from './trace-kafka.ts';
export { traceProducer } from './trace-producer.ts';
export { traceConsumer } from './trace-consumer.ts';
export { processMessage } from './process-message.ts';
export type { TraceKafkaConsumerOptions, TraceKafkaOptions, TraceKafkaProducerOptions } from './options.ts';
export type { ServerOption } from '../messaging/server.ts';
export type { ConsumerLike, KafkaLike, KafkaMessageLike, ProducerLike } from './types.ts';
