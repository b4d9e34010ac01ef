// Checks the table of docs/compared.md with mqtrace and with the auto-instrumentations.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const page = read('../../docs/compared.md');

test.each(['auto', 'mqtrace'] as const)('the table describes what %s does', async (tracer) => {
  const program = fileURLToPath(new URL('program.js', import.meta.url));
  const args = [program, tracer, inject('kafkaBrokers')[0]!, inject('amqpUrl'), inject('redisUrl')];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    timeout: 50_000,
    env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
  });
  const said: Record<string, boolean> = {};
  for (const [, question, auto, own] of page.matchAll(/^\| (.+?) +\| (yes|no) +\| (yes|no) +\|$/gm)) {
    said[question!] = (tracer === 'auto' ? auto : own) === 'yes';
  }
  expect(JSON.parse(stdout)).toEqual(said);
});

test('the page names the installed versions', () => {
  const { devDependencies } = JSON.parse(read('../../package.json')) as { devDependencies: Record<string, string> };
  for (const client of ['kafkajs', 'amqplib', 'ioredis']) {
    expect(page).toContain(`-${client}\` ${devDependencies[`@opentelemetry/instrumentation-${client}`]}`);
  }
});
