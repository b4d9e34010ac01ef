import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { startRedisCluster } from '../brokers/index.ts';
import { doctor } from './cli.ts';

const url = inject('redisUrl');
const stream = `doctor-${randomBytes(4).toString('hex')}`;
const secret = 'hunter2';
let redis: Redis;

const traceparent = (): string => `00-0af7651916cd43dd8448eb211c80319c-${randomBytes(8).toString('hex')}-01`;

beforeAll(async () => {
  redis = new Redis(url);
  for (let at = 0; at < 10; at++)
    await redis.xadd(stream, '*', 'password', secret, ...(at < 7 ? ['traceparent', traceparent()] : []));
  await redis.set(`${stream}-text`, 'x');
});
afterAll(async () => {
  await redis.del(stream, `${stream}-text`);
  redis.disconnect();
});

test('the newest entries are inspected, and nothing is written', async () => {
  const { findings, text } = await doctor('--redis', url, '--stream', stream, '--count', '5');
  expect(findings.map(({ what }) => what)).toEqual([expect.stringContaining('3 of 5 messages carry no trace context')]);
  expect(text).not.toContain(secret);
  expect(await redis.xlen(stream)).toBe(10);
  expect(await redis.xinfo('GROUPS', stream)).toEqual([]);
});

test.each([
  [`${stream}-missing`, 'does not exist'],
  [`${stream}-text`, 'is a string, not a stream'],
])('%s: %s', async (name, what) => {
  const { findings, checks } = await doctor('--redis', url, '--stream', name);
  expect(checks).toEqual(['not-looked-at']);
  expect(findings[0]!.what).toContain(what);
  expect(await redis.exists(`${stream}-missing`)).toBe(0);
});

test('a server that does not answer is reported', async () => {
  expect((await doctor('--redis', 'redis://127.0.0.1:1', '--stream', stream)).checks).toEqual(['not-looked-at']);
});

test('a stream of a cluster is found through any of its nodes', async () => {
  const cluster = await startRedisCluster();
  try {
    const client = new Redis.Cluster(cluster.nodes.map(({ host, port }) => ({ host, port })));
    await client.xadd(stream, '*', 'a', '1');
    for (const { host, port } of cluster.nodes)
      expect((await doctor('--redis', `redis://${host}:${port}`, '--stream', stream)).checks).toEqual(['no-context']);
    await client.del(stream);
    client.disconnect();
  } finally {
    await cluster.stop();
  }
});
