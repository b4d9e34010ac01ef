import type { TestProject } from 'vitest/node';
import { startBrokers } from './index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of each Kafka broker. */
    kafkaBrokers: string[];
    amqpUrl: string;
    redisUrl: string;
  }
}

/** Starts the brokers once for all suites, which get their addresses with `inject('kafkaBrokers')` and so on. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const brokers = await startBrokers({ log: (line) => process.stderr.write(`brokers: ${line}\n`) });
  project.provide('kafkaBrokers', brokers.kafkaBrokers);
  project.provide('amqpUrl', brokers.amqpUrl);
  project.provide('redisUrl', brokers.redisUrl);
  return brokers.stop;
}
