import { defineConfig, type ViteUserConfig } from 'vitest/config';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Prints at the very end which files have skipped tests, and the counts alone on the last line, so that it says how the run went.
 */
class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const lines: string[] = [];
    for (const module of modules) {
      const before = count.skipped + count.pending;
      for (const test of module.children.allTests()) count[test.result().state]++;
      const here = count.skipped + count.pending - before;
      if (here > 0) lines.push(`${here} skipped in ${module.relativeModuleId}\n`);
      if (module.state() === 'failed' && module.errors().length > 0) count.failed++;
    }
    const skipped = count.skipped + count.pending;
    const line = `${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    process.once('exit', () => process.stdout.write(`${lines.join('')}${line}\n`));
  }
}

// The project's own subpaths resolve to the sources, so that tests import what users import and need no build.
const sources = (path: string): string => new URL(path, import.meta.url).pathname;
export const alias: { find: RegExp; replacement: string }[] = [
  { find: /^mqtrace\/carriers$/, replacement: sources('./carriers/index.ts') },
  {
    find: /^mqtrace\/(kafkajs|amqplib|amqp-connection-manager|rascal|rabbitmq-client|ioredis|http|fastify|koa|hono|nestjs|bullmq|metrics|register|sdk)$/,
    replacement: sources('./src/$1/index.ts'),
  },
  { find: /^mqtrace\/instrumentation$/, replacement: sources('./src/register/instrumentation.ts') },
  { find: /^mqtrace$/, replacement: sources('./src/index.ts') },
];

const config: ViteUserConfig = defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          // Property tests take seconds on a loaded machine; a time is no result here.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          setupFiles: ['./scripts/bound-properties.ts', './test-support/conventions/watch.ts'],
          include: [
            'src/**/*.test.ts',
            'carriers/**/*.test.ts',
            'scripts/**/*.test.ts',
            'examples/**/*.test.ts',
            'docs/**/*.test.ts',
            'benchmarks/**/*.test.ts',
            'test-support/**/*.test.ts',
          ],
          typecheck: { enabled: true, include: ['src/**/*.test-d.ts'], tsconfig: './tsconfig.check.json' },
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'integration',
          include: ['integration-tests/**/*.test.ts'],

          setupFiles: ['./test-support/conventions/watch.ts'],
          globalSetup: './integration-tests/brokers/global-setup.ts',
          testTimeout: 60_000,
          hookTimeout: 300_000,
          // The suites share the brokers, and the machine with them; vitest wants another number of workers to be another group.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

export default config;
