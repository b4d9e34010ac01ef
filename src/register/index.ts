// `mqtrace/register`: traces the clients of a service that does not wrap them. Loading this module starts it:
// node --import mqtrace/register app.js
import type { Tracing } from '../sdk/index.ts';
import { register } from './register.ts';

export type { RegisterOptions } from './options.ts';
export type { TraceAmqplibOptions } from '../amqplib/index.ts';
export type { TraceBullmqOptions } from '../bullmq/index.ts';
export type { TraceRedisOptions } from '../ioredis/index.ts';
export type { TraceKafkaOptions } from '../kafkajs/index.ts';

/**
 * The tracing that was started, for its `flush()`, `stats()` and `span()`. Undefined if none was started, because a provider was
 * already registered, or `MQTRACE_SDK` is `off`.
 */
export const tracing: Tracing | undefined = register();
