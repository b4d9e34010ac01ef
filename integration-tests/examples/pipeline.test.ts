import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { startOtlpReceiver } from '../../test-support/otlp-receiver.ts';

/** The rows of a drawing without bars and times, which differ in each run. */
function rows(text: string): string[] {
  return [...text.matchAll(/^([a-z]*) +([^█·]*?) +[█·]+ +[\d.]+ ms$/gm)].map((match) => `${match[1]} ${match[2]}`);
}

const root = fileURLToPath(new URL('../..', import.meta.url));

test(
  'the demo shows one unbroken trace for every order, and exports to a collector as well',
  { timeout: 120_000 },
  async () => {
    const collector = await startOtlpReceiver();
    const { stdout } = await promisify(execFile)(
      'npx',
      ['tsx', 'examples/pipeline/demo.ts', '--orders', '3', '--endpoint', collector.url],
      {
        cwd: root,
        env: {
          ...process.env,
          KAFKA_BROKERS: inject('kafkaBrokers').join(','),
          AMQP_URL: inject('amqpUrl'),
          REDIS_URL: inject('redisUrl'),
        },
      },
    );
    await collector.close();
    expect(stdout).toContain('3 of 3 orders form one unbroken trace');
    expect(stdout).toContain('baggage seen by notify: user.id=ada, tenant.id=acme');
    expect(rows(stdout)).toEqual(rows(readFileSync(`${root}/README.md`, 'utf8')));
    expect(stdout.match(/… in (kafka|rabbitmq|redis) +·+ +\d+\.\d ms/g)).toHaveLength(3);
    expect(new Set(collector.spans.map((span) => span.resource['service.name']))).toEqual(
      new Set(['shop', 'billing', 'shipping', 'notify']),
    );
  },
);
