// Runs every example of the README and of docs/. A block marked `js` or `mjs` is a program: it runs unchanged, on this Node, against the
// built package, and has to end by itself. integration-tests/lanes compiles `js` and `ts`. The local addresses in an example are
// replaced by those of this run's brokers.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freePorts } from '../brokers/ports.ts';
import { examples, fileName } from '../../test-support/examples.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../test-support/otlp-receiver.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
// Within the project, so that `mqtrace/…` is the project's own package and the clients are found.
const folder = join(root, '.cache', 'snippets');

const all = examples(root);
const programs = all.filter(({ language }) => language === 'js' || language === 'mjs');

let receiver: OtlpReceiver;
let port: number | undefined;

beforeAll(async () => {
  if (!existsSync(join(root, 'dist')))
    throw new Error('there is no dist: run "npm run build" first, as "npm test" does');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  receiver = await startOtlpReceiver();
  [port] = await freePorts(1);
  await createTopics(inject('kafkaBrokers'), ['orders', 'invoices', 'payments']);
});

afterAll(async () => {
  await receiver?.close();
  rmSync(folder, { recursive: true, force: true });
});

function redisAddress(): { host: string; port: number } {
  const { hostname, port: redisPort } = new URL(inject('redisUrl'));
  return { host: hostname, port: Number(redisPort) };
}

/** An example with the addresses of this run's brokers. */
function placed(code: string): string {
  return code
    .replaceAll("['localhost:9092']", JSON.stringify(inject('kafkaBrokers')))
    .replaceAll("'amqp://localhost'", JSON.stringify(inject('amqpUrl')))
    .replaceAll('new Redis()', `new Redis(${JSON.stringify(inject('redisUrl'))})`)
    .replaceAll("{ host: 'localhost', port: 6379 }", JSON.stringify(redisAddress()))
    .replaceAll('http://localhost:4318', receiver.url)
    .replaceAll('8080', String(port));
}

describe('examples', () => {
  test('examples are found', () => {
    expect(programs.length).toBeGreaterThan(4);
    expect(all.filter(({ language }) => language === '')).toEqual([]);
  });

  test.each(programs)('$name runs', async (example) => {
    const file = join(folder, fileName(example, 'mjs'));
    writeFileSync(file, placed(example.code));
    // The time limit is for a program that does not end by itself; the failure then contains its output.
    const { stderr } = await run(process.execPath, [file], {
      cwd: root,
      timeout: 30_000,
      env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
    });
    expect(stderr).not.toMatch(/Error|Warning: /);
  });
});
