// Defines and checks the options of mqtrace/register.
import { checkNames } from '../common/check-options.ts';
import { checkOptions, type TraceOptions } from '../messaging/options.ts';
import type { StartTracingOptions } from '../sdk/options.ts';
import { validateOptions } from '../sdk/validate-options.ts';
import { checkClientOptions } from './client-options.ts';
import { clientNames, type ClientOptions } from './clients.ts';

/** The options that the file `mqtrace.config.mjs`, `.cjs` or `.json` exports. All are optional. */
export interface RegisterOptions {
  /** Options of `startTracing`. False: it is not called, and spans go to the SDK that the application registers. */
  readonly tracing?: StartTracingOptions | false | undefined;
  /** Options of all clients. */
  readonly messaging?: TraceOptions | undefined;
  /** Options of `traceKafka` for every kafkajs client. They override those of `messaging`. False: kafkajs is not traced. */
  readonly kafkajs?: ClientOptions['kafkajs'] | false | undefined;
  /** Options of `traceConnection` for every connection of amqplib. False: amqplib is not traced. */
  readonly amqplib?: ClientOptions['amqplib'] | false | undefined;
  /** Options of `traceRedis` for every ioredis client. False: ioredis is not traced. */
  readonly ioredis?: ClientOptions['ioredis'] | false | undefined;
  /** Options of `bullmqTelemetry` for what has no `telemetry` of its own in BullMQ. False leaves BullMQ untraced. */
  readonly bullmq?: ClientOptions['bullmq'] | false | undefined;
  /** Options of `traceRabbitClient` for every connection of rabbitmq-client. False: rabbitmq-client is not traced. */
  readonly 'rabbitmq-client'?: ClientOptions['rabbitmq-client'] | false | undefined;
}

/**
 * @param where - the file's name, for messages.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function checkRegisterOptions(where: string, given: unknown): asserts given is RegisterOptions {
  checkNames(where, given, ['tracing', 'messaging', ...clientNames]);
  const options = given as RegisterOptions;
  if (options.tracing !== undefined && options.tracing !== false) validateOptions(options.tracing);
  if (options.messaging !== undefined) checkOptions(`${where}: messaging`, options.messaging);
  for (const name of clientNames) {
    const value = options[name];
    if (value !== undefined && value !== false) checkClientOptions(`${where}: ${name}`, name, value);
  }
}
