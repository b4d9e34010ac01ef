import { Command as RedisCommand, Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { traceRedis } from './index.ts';
import type { Command } from './types.ts';

test('a copy of a tracked command transforms its reply as the class does', () => {
  const redis = traceRedis(new Redis({ lazyConnect: true }));
  const sent = new RedisCommand('xreadgroup', ['GROUP', 'g', 'c', 'STREAMS', 'a', '>']);
  void (redis.sendCommand(sent) as Promise<unknown>).catch(() => {});
  const command = sent as unknown as Command;
  expect(Object.hasOwn(command, 'transformReply')).toBe(true);
  const { transformReply } = Object.getPrototypeOf(command) as Command;
  const copy = Object.assign(Object.create(Object.getPrototypeOf(command) as object) as Command, command);
  const reply = (): unknown => [['a', [['1-0', ['order', '7']]]]];
  const expected = transformReply.call(command, reply());
  expect(copy.transformReply(reply())).toEqual(expected);
  expect(command.transformReply(reply())).toEqual(expected);
  redis.disconnect();
});
