import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { startOtlpReceiver } from '../../test-support/otlp-receiver.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(() => {
  if (!existsSync(join(root, 'dist')))
    throw new Error('there is no dist: run "npm run build" first, as "npm test" does');
  // Outside the project, so that only the bundle's contents are found.
  folder = mkdtempSync(join(tmpdir(), 'mqtrace-bundled-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Output {
  seen: { fields: unknown; tenant: unknown; traceId: string };
  spans: string[];
}

/** Bundles a program into one file; returns its path. */
async function bundle(format: 'esm' | 'cjs', entry: string): Promise<string> {
  const outfile = join(folder, `${basename(entry, '.ts')}.${format === 'esm' ? 'mjs' : 'cjs'}`);
  await build({
    entryPoints: [join(root, 'integration-tests/bundled', entry)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format,
    // The clients are CommonJS modules that require Node's modules.
    ...(format === 'esm' && {
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    }),
    logLevel: 'warning',
  });
  return outfile;
}

test.each(['esm', 'cjs'] as const)('bundled into one minified %s file, the trace is complete', async (format) => {
  const outfile = await bundle(format, 'app.ts');
  const names = { TOPIC: uniqueName('topic'), QUEUE: uniqueName('queue'), STREAM: uniqueName('stream') };
  await createTopics(inject('kafkaBrokers'), [names.TOPIC]);
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], {
    cwd: folder,
    timeout: 60_000,
    env: {
      ...process.env,
      ...names,
      BROKERS: inject('kafkaBrokers')[0],
      AMQP_URL: inject('amqpUrl'),
      REDIS_URL: inject('redisUrl'),
      KAFKAJS_NO_PARTITIONER_WARNING: '1',
    },
  });
  const { seen, spans } = JSON.parse(stdout) as Output;
  expect(seen).toMatchObject({ fields: { order: '17' }, tenant: 'acme' });
  const ofTheMessage = spans.filter((span) => span.startsWith(seen.traceId));
  expect(ofTheMessage.map((span) => span.slice(seen.traceId.length + 1)).toSorted()).toStrictEqual(
    [
      `send ${names.TOPIC}`,
      `process ${names.TOPIC}`,
      `publish ${names.QUEUE}`,
      `process ${names.QUEUE}`,
      `ack ${names.QUEUE}`,
      `xadd ${names.STREAM}`,
      `process ${names.STREAM}`,
      `xack ${names.STREAM}`,
    ].toSorted(),
  );
});

test.each(['esm', 'cjs'] as const)('a bundle in %s exports spans, with nothing installed beside it', async (format) => {
  const outfile = await bundle(format, 'exporting.ts');
  await using collector = await startOtlpReceiver();
  await promisify(execFile)(process.execPath, [outfile], {
    cwd: tmpdir(),
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  expect(collector.spans.map(({ name }) => name)).toStrictEqual(['work']);
});
