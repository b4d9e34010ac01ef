// Exports the tracing of Redis Streams with ioredis.
export type { Parenting, TraceOptions } from '../messaging/options.ts';
export type { SemconvVersion } from '../messaging/semconv.ts';
export type { ConsumeStreamOptions, StreamMessage } from './consumer/options.ts';
export { consumeStream, type RunningConsumer } from './consume-stream.ts';
export type { TraceRedisOptions } from './options.ts';
export { processMessage } from './process-message.ts';
export { traceRedis } from './trace-redis.ts';
export type { RedisLike, StreamEntryLike } from './types.ts';
