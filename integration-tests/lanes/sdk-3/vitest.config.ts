// Configures vitest to run the property tests of light spans with the SDK that is installed in the folder SDK_FOLDER.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const folder = process.env['SDK_FOLDER'];
if (folder === undefined) throw new Error('SDK_FOLDER is not set: use npm run test:lanes');
const { resolve } = createRequire(join(folder, 'package.json'));

const config: ViteUserConfig = defineConfig({
  root: new URL('../../..', import.meta.url).pathname,
  resolve: {
    alias: ['api', 'core', 'resources', 'sdk-trace'].map((name) => ({
      find: new RegExp(`^@opentelemetry/${name}$`),
      replacement: resolve(`@opentelemetry/${name}`),
    })),
  },
  test: { include: ['src/sdk/light-spans.test.ts'], testTimeout: 300_000 },
});

export default config;
