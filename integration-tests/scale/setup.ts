// Starts the brokers and the Collectors once for the suites of this folder.
import type { TestProject } from 'vitest/node';
import { startBrokers } from '../brokers/index.ts';
import { type Stack, startStack } from './stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Undefined without Docker: the suites are skipped. */
    scale: Stack | undefined;
  }
}

/** Suites get the addresses by `inject('scale')`, and those of the brokers as the integration tests do. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const log = (line: string): void => void process.stderr.write(`scale: ${line}\n`);
  const stack = await startStack(log);
  project.provide('scale', stack?.at);
  if (stack === undefined) return async () => {};
  const brokers = await startBrokers({ log }).catch(async (error: unknown) => {
    await stack.stop();
    throw error;
  });
  project.provide('kafkaBrokers', brokers.kafkaBrokers);
  project.provide('amqpUrl', brokers.amqpUrl);
  project.provide('redisUrl', brokers.redisUrl);
  return async () => {
    await brokers.stop();
    await stack.stop();
  };
}
