import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { alias } from './vitest.config.ts';

// Apart from the other tests, because it takes the tools of other languages: see CONTRIBUTING.md.
const config: ViteUserConfig = defineConfig({
  resolve: { alias },
  test: {
    include: ['integration-tests/peers/*.peers.ts'],
    globalSetup: './integration-tests/brokers/global-setup.ts',
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});

export default config;
