// Lists every kind of project in which the package is supported, in the order of the table.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documented } from './documented.ts';
import type { Lane } from './lane.ts';
import { nestjs } from './nestjs.ts';
import { next } from './next.ts';
import { registerLanes } from './register-lanes.ts';
import { root } from './tarball.ts';

const required = ['node', 'main.cjs'] as const;
const imported = ['node', 'main.mjs'] as const;
const both = [required, imported];
/** With the metrics SDK. */
const measured = ['node', 'metrics.cjs'] as const;

/** Client versions: the oldest and newest supported ones, and the first of each major version between them. */
const clients = {
  kafkajs: ['1.12.0', '2.0.0', '2.2.4'],
  amqplib: ['0.8.0', '0.9.1', '0.10.9', '1.2.0', '2.3.1'],
  ioredis: ['4.0.0', '5.0.0', '6.0.0'],
};

const compile = (compiler: string, options: string): readonly string[] => [
  'node',
  `node_modules/${compiler}/bin/tsc`,
  ...`--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck false --target es2022 --types node ${options}`.split(
    ' ',
  ),
];

const typescript = (version: string, options: string): Lane => ({
  row: 'TypeScript',
  version,
  packages: { typescript: version, '@types/node': '^20.0.0' },
  files: { 'consumer.mts': consumer(), 'consumer.cts': consumer() },
  commands: [compile('typescript', `--module nodenext ${options} consumer.mts consumer.cts`), required],
});

const provider = (version: string, program: string, packages: Readonly<Record<string, string>>): Lane => ({
  row: 'other providers',
  version,
  packages,
  commands: [['node', 'provider.cjs', program]],
});

function consumer(): string {
  return readFileSync(join(root, 'integration-tests/lanes/consumer/consumer.ts'), 'utf8');
}

const rollup = `
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import resolve from '@rollup/plugin-node-resolve';
export default {
  input: 'main.mjs',
  output: { file: 'out/bundle.cjs', format: 'cjs', inlineDynamicImports: true },
  plugins: [resolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjs(), json()],
};`;

const webpack = `
const config = {
  target: 'node20',
  mode: 'production',
  // Takes most of the time, and does not affect the result.
  optimization: { minimize: false },
  entry: './main.mjs',
  output: { path: __dirname + '/out', filename: 'bundle.cjs' },
};
require('webpack')(config, (error, stats) => {
  if (error === null && !stats.hasErrors()) return;
  console.error(error ?? stats.toString('errors-only'));
  process.exitCode = 1;
});`;

const vite = `
export default {
  build: { ssr: 'main.mjs', outDir: 'out', rollupOptions: { output: { entryFileNames: 'bundle.mjs', inlineDynamicImports: true } } },
  ssr: { noExternal: true, target: 'node' },
};`;

const tsup = `
import { defineConfig } from 'tsup';
export default defineConfig({ entry: { bundle: 'main.mjs' }, format: 'cjs', outDir: 'out', noExternal: [/.*/], platform: 'node', target: 'node20' });`;

const createRequire = `--banner:js=import{createRequire}from'node:module';const require=createRequire(import.meta.url);`;
const esbuild = ['npx', 'esbuild', 'main.mjs', '--bundle', '--platform=node', '--target=node20', '--log-level=warning'];

const jest = ['node', '--no-warnings', 'node_modules/jest/bin/jest.js', '--testMatch', '**/*.test.*', '--rootDir', '.'];

export const lanes: readonly Lane[] = [
  // 22.11 is the last version in which require() cannot load ES modules.
  ...['20.x', '22.11.0', '22.x', '24.x', '26.x'].map((node): Lane => ({
    row: 'Node.js',
    version: node,
    node,
    line: true,
    commands: both,
  })),
  ...registerLanes(clients),
  ...Object.entries(clients).flatMap(([client, versions]) =>
    versions.map((version): Lane => ({ row: client, version, packages: { [client]: version }, commands: both })),
  ),
  {
    row: 'OpenTelemetry',
    version: 'SDK 2 with API 1.9',
    packages: { '@opentelemetry/sdk-metrics': '^2.12.0', '@opentelemetry/exporter-prometheus': '^0.223.0' },
    commands: [...both, measured],
  },
  {
    row: 'OpenTelemetry',
    version: 'SDK 3 with API 1.10',
    packages: {
      '@opentelemetry/api': '~1.10.0',
      '@opentelemetry/sdk-trace': '^3.0.0',
      '@opentelemetry/sdk-metrics': '^3.0.0',
      '@opentelemetry/exporter-prometheus': '^0.301.0',
    },
    node: '24.x',
    commands: [...both, measured],
  },
  typescript('5.9.3', '--moduleResolution nodenext'),
  typescript('7.0.2', '--moduleResolution nodenext --ignoreConfig'),
  // Two major versions of Sentry, and Datadog: each registers its own provider, context manager and propagator.
  provider('Sentry 10', 'sentry', { '@sentry/node': '^10.0.0' }),
  provider('Sentry 11', 'sentry', { '@sentry/node': '^11.0.0' }),
  provider('Datadog 5', 'datadog', { 'dd-trace': '^5.0.0' }),
  ...(['npm@10', 'npm@11', 'pnpm@9', 'pnpm@10'] as const).map((manager): Lane => ({
    row: 'package managers',
    version: manager.replace('@', ' '),
    manager,
    line: true,
    commands: both,
  })),
  { row: 'package managers', version: 'Yarn 4 (node_modules)', manager: 'yarn', line: true, commands: both },
  {
    row: 'package managers',
    version: "Yarn 4 (Plug'n'Play)",
    manager: 'yarn-pnp',
    line: true,
    commands: [['node', '--no-warnings', '--require', './.pnp.cjs', '--loader', './.pnp.loader.mjs', 'main.mjs']],
  },
  {
    row: 'bundlers',
    version: 'esbuild',
    packages: { esbuild: '0.28.2' },
    commands: [[...esbuild, '--format=cjs', '--outfile=out/bundle.cjs']],
    bundle: 'out/bundle.cjs',
  },
  {
    row: 'bundlers',
    version: 'esbuild (ESM)',
    packages: { esbuild: '0.28.2' },
    commands: [[...esbuild, '--format=esm', '--outfile=out/bundle.mjs', createRequire]],
    bundle: 'out/bundle.mjs',
  },
  {
    row: 'bundlers',
    version: 'webpack 5',
    packages: { webpack: '^5.113.0' },
    files: { 'webpack.cjs': webpack },
    commands: [['node', 'webpack.cjs']],
    bundle: 'out/bundle.cjs',
  },
  {
    row: 'bundlers',
    version: 'rollup 4',
    packages: {
      rollup: '^4.0.0',
      '@rollup/plugin-commonjs': '*',
      '@rollup/plugin-json': '*',
      '@rollup/plugin-node-resolve': '*',
    },
    files: { 'rollup.config.mjs': rollup },
    commands: [['npx', 'rollup', '--config', 'rollup.config.mjs']],
    bundle: 'out/bundle.cjs',
  },
  {
    row: 'bundlers',
    version: 'Vite SSR',
    packages: { vite: '^7.0.0' },
    files: { 'vite.config.mjs': vite },
    commands: [['npx', 'vite', 'build']],
    bundle: 'out/bundle.mjs',
  },
  {
    row: 'bundlers',
    version: 'tsup 8',
    packages: { tsup: '^8.0.0', typescript: '5.9.3' },
    files: { 'tsup.config.mjs': tsup },
    commands: [['npx', 'tsup']],
    bundle: 'out/bundle.js',
  },
  {
    row: 'bundlers',
    version: 'ncc',
    packages: { '@vercel/ncc': '^0.38.0' },
    commands: [['npx', 'ncc', 'build', 'main.cjs', '-o', 'out']],
    bundle: 'out/index.cjs',
  },
  { row: 'test runners', version: 'Jest 30', packages: { jest: '^30.0.0' }, files: {}, commands: [[...jest]] },
  {
    row: 'test runners',
    version: 'ts-jest 29',
    packages: {
      jest: '^30.0.0',
      'ts-jest': '^29.4.0',
      typescript: '5.9.3',
      '@types/jest': '^30.0.0',
      '@types/node': '^20.0.0',
    },
    files: {
      'jest.config.js': `module.exports = { preset: 'ts-jest', testMatch: ['**/typed.spec.ts'] };`,
      'tsconfig.json':
        '{ "compilerOptions": { "module": "commonjs", "strict": true, "esModuleInterop": true, "types": ["jest", "node"] } }',
      'typed.spec.ts': `
        import { traceKafka } from 'mqtrace/kafkajs';
        import { startTracing } from 'mqtrace/sdk';
        const pipelines: () => Promise<string> = require('./entry.cjs');
        test('a pipeline', async () => {
          expect([typeof traceKafka, typeof startTracing]).toEqual(['function', 'function']);
          expect(await pipelines()).toMatch(/^ok/);
        }, 60_000);`,
    },
    commands: [['node', 'node_modules/jest/bin/jest.js']],
  },
  {
    row: 'test runners',
    version: 'Vitest 4',
    packages: { vitest: '^4.0.0' },
    commands: [['npx', 'vitest', 'run', '--globals', 'pipeline.test']],
  },
  {
    row: 'mocks',
    version: 'ioredis-mock 8',
    packages: { 'ioredis-mock': '^8.13.0', ioredis: '5.11.1' },
    commands: [['node', 'mock.cjs']],
  },
  ...nestjs,
  next,
  ...documented,
];
