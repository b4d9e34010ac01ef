import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, inject, it, vi } from 'vitest';
import { startBrokers } from './index.ts';
import { nothing, remains } from './testing/remains.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'brokers-test-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

// Only brokers that are started here are checked; brokers of the environment would not be started.
const unset = { KAFKA_BROKERS: undefined, AMQP_URL: undefined, REDIS_URL: undefined, REDIS_CLUSTER_NODES: undefined };

it(
  'a second set of brokers runs beside the first, and stop() leaves nothing behind',
  { timeout: 300_000 },
  async () => {
    const run = { mark: `mark-${randomUUID()}`, directory, pid: process.pid };
    for (const [name, value] of Object.entries({ ...unset, MARK: run.mark, TMPDIR: directory }))
      vi.stubEnv(name, value);
    const brokers = await startBrokers();
    try {
      expect(brokers.kafkaBrokers).not.toStrictEqual(inject('kafkaBrokers'));
      expect(brokers.amqpUrl).not.toBe(inject('amqpUrl'));
      expect(brokers.redisUrl).not.toBe(inject('redisUrl'));
      const { directories, containers } = await remains(run);
      expect([...directories, ...containers]).toHaveLength(3);
    } finally {
      await brokers.stop();
    }
    expect(await remains(run)).toStrictEqual(nothing);
  },
);

it.each([
  ['SIGINT', 'holding brokers'],
  ['SIGKILL', 'holding brokers'],
  ['SIGTERM', 'starting them'],
  ['SIGHUP', 'starting them'],
  ['SIGKILL', 'starting them'],
] as const)('a process ended by %s while %s leaves nothing', { timeout: 300_000 }, async (signal, when) => {
  const mark = `mark-${randomUUID()}`;
  const script = fileURLToPath(new URL('testing/hold-brokers.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    env: { ...process.env, ...unset, MARK: mark, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const run = { mark, directory, pid: child.pid ?? 0 };
  const exit = once(child, 'exit');
  if (when === 'holding brokers') {
    const [said] = (await Promise.race([once(child.stdout, 'data'), exit])) as unknown[];
    expect(String(said)).toBe('ready 3\n');
  } else {
    const begun = async (): Promise<void> => {
      const { directories, containers } = await remains(run);
      expect([...directories, ...containers]).not.toHaveLength(0);
    };
    await vi.waitFor(begun, { timeout: 60_000 });
  }
  expect(child.kill(signal)).toBe(true);
  await exit;
  await vi.waitFor(async () => expect(await remains(run)).toStrictEqual(nothing), { timeout: 60_000, interval: 200 });
});
