import type { TestProject } from 'vitest/node';
import { type Backends, startBackends } from './compose.ts';

declare module 'vitest' {
  interface ProvidedContext {
    backends: Backends;
  }
}

/** Starts the Collector and Jaeger once; suites get their addresses with `inject('backends')`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const backends = await startBackends((line) => process.stderr.write(`backends: ${line}\n`));
  project.provide('backends', backends.at);
  return backends.stop;
}
