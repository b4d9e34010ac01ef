import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { alias } from './vitest.config.ts';

// Apart from the other tests, because it takes Docker and images of its own: see CONTRIBUTING.md.
const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'backends',
          include: ['integration-tests/backends/*.backends.ts'],
          globalSetup: './integration-tests/backends/compose-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'scale',
          include: ['integration-tests/scale/*.backends.ts'],
          globalSetup: './integration-tests/scale/setup.ts',
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

export default config;
