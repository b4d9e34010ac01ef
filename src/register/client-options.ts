// Checks the options of each client.
import { checkAmqplibOptions } from '../amqplib/options.ts';
import { checkBullmqOptions } from '../bullmq/options.ts';
import { checkRedisOptions } from '../ioredis/options.ts';
import { checkKafkaOptions } from '../kafkajs/options.ts';
import type { ClientName, ClientOptions } from './clients.ts';

const clientChecks: { readonly [Name in ClientName]: (where: string, options: ClientOptions[Name]) => void } = {
  kafkajs: (where, options) => checkKafkaOptions(where, options, ['pollLag']),
  amqplib: checkAmqplibOptions,
  ioredis: checkRedisOptions,
  bullmq: checkBullmqOptions,
  'rabbitmq-client': checkAmqplibOptions,
};

/** @throws MqtraceError `INVALID_OPTION` for invalid options of one client */
export function checkClientOptions<Name extends ClientName>(
  where: string,
  name: Name,
  options: ClientOptions[Name],
): void {
  clientChecks[name](where, options);
}
