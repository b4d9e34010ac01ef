// Runs the short lanes: a pipeline of all clients with the packed package, in Jest, in ts-jest, with two copies of the
// package, and bundled into one file by webpack and by esbuild in an empty folder.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { lanes } from './lanes.ts';
import { shortProject } from './short-project.ts';
import { root } from './tarball.ts';

// Bundling is slow on a busy machine; the time limit is not part of the test.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let project: string;
let folder: string;
let empty: string;

beforeAll(() => {
  project = shortProject();
  mkdirSync(join(project, 'loaded'), { recursive: true });
  // Below the project, so that its packages are found.
  folder = mkdtempSync(join(project, 'loaded', 'run-'));
  empty = mkdtempSync(join(tmpdir(), 'mqtrace-bundle-'));
  cpSync(join(root, 'integration-tests/lanes/programs'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(empty, { recursive: true, force: true });
});

/** Runs a Node.js program with the brokers' addresses. Returns its output. */
async function node(args: readonly string[], cwd: string): Promise<string> {
  const name = uniqueName('lane');
  await createTopics(inject('kafkaBrokers'), [name]);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    cwd,
    env: {
      ...process.env,
      TOPIC: name,
      QUEUE: name,
      STREAM: name,
      KAFKA_BROKERS: inject('kafkaBrokers').join(),
      AMQP_URL: inject('amqpUrl'),
      REDIS_URL: inject('redisUrl'),
      KAFKAJS_NO_PARTITIONER_WARNING: '1',
      // Set by vitest.
      NODE_ENV: undefined,
      NODE_OPTIONS: undefined,
    },
  });
  return stdout + stderr;
}

test.each(['main.cjs', 'main.mjs'])('%s runs', async (file) => {
  expect(await node([file], folder)).toMatch(/^ok/);
});

test('two copies of the package in one process wrap a client once', async () => {
  const modules = join(folder, 'other/node_modules');
  mkdirSync(modules, { recursive: true });
  cpSync(join(project, 'node_modules/mqtrace'), join(modules, 'mqtrace'), { recursive: true });
  expect(await node(['copies.cjs'], folder)).toMatch(/^ok/);
});

test.each(['Jest 30', 'ts-jest 29'])('%s loads the package without configuration for it', async (version) => {
  const { files = {} } = lanes.find((lane) => lane.version === version)!;
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const match = version === 'Jest 30' ? ['--testMatch', '**/pipeline.test.cjs'] : [];
  const jest = join(project, 'node_modules/jest/bin/jest.js');
  expect(await node([jest, ...match, '--rootDir', folder], folder)).toContain('1 passed');
});

test.each(['webpack 5', 'esbuild'])('a file bundled by %s runs in an empty folder', async (version) => {
  const { files = {}, commands, bundle } = lanes.find((lane) => lane.version === version)!;
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const [program, ...args] = commands[0]!;
  await promisify(execFile)(program!, args, { cwd: folder });
  const name = `${version.replace(' ', '-')}.cjs`;
  cpSync(join(folder, bundle!), join(empty, name));
  expect(await node([name], empty)).toMatch(/^ok/);
});
