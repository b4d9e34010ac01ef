// mqtrace/register counts messages and asks the brokers for the lag, as explicit wrapping does.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { run } from './service.ts';

it('counts and lag are those of wrapped clients, with pollLag from the configuration file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtrace-metrics-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'mqtrace.config.json');
  const pollLag = { pollLag: true };
  writeFileSync(file, JSON.stringify({ kafkajs: pollLag, amqplib: pollLag, ioredis: pollLag }));
  const [registered, wrapped] = await Promise.all([
    run(['--import', 'mqtrace/register', 'metrics.cjs'], { env: { MQTRACE_CONFIG: file } }),
    run(['metrics.cjs'], { env: { WRAP: '1' } }),
  ]);
  expect(registered).toMatchObject({ code: 0, err: '' });
  const told = JSON.parse(registered.out) as string[];
  expect(told).toEqual(JSON.parse(wrapped.out));
  expect(told).toEqual([
    'kafka consumed.messages 2',
    // All that were sent, less those that are processed: only the broker knows of the last four.
    'kafka lag 7',
    'kafka sent.messages 9',
    'rabbitmq lag 4',
    'rabbitmq sent.messages 6',
    'redis consumed.messages 2',
    'redis lag 3',
    'redis pending 2',
    'redis sent.messages 5',
  ]);
});
