// Asks all tracers, and writes the answers and docs/compared.md: npm run docs:compared
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startBrokers } from '../brokers/index.ts';
import { type Answers, ask, type TracerName, tracers, writeResults } from './results.ts';
import { withTables } from './table.ts';

const root = join(import.meta.dirname, '../..');
const log = (line: string): void => void process.stderr.write(`${line}\n`);
/** Not among the development dependencies: large, and with scripts of their own. The newest for this version of Node.js. */
const installed = { '@sentry/node': '10', 'dd-trace': '5', amqplib: '1' };
const own = [
  'kafkajs',
  'amqplib',
  'ioredis',
  'bullmq',
  '@opentelemetry/instrumentation-kafkajs',
  '@opentelemetry/instrumentation-amqplib',
  '@opentelemetry/instrumentation-ioredis',
  'bullmq-otel',
];

async function versionOf(folder: string, name: string): Promise<string> {
  const text = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const modules = await mkdtemp(join(tmpdir(), 'mqtrace-compared-'));
const brokers = await startBrokers({ log });
try {
  await writeFile(join(modules, 'package.json'), '{"private":true}');
  const packages = Object.entries(installed).map(([name, version]) => `${name}@${version}`);
  log(`installing ${packages.join(', ')}`);
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...packages];
  await promisify(execFile)('npm', args, { cwd: modules });
  const { kafkaBrokers, amqpUrl, redisUrl } = brokers;
  const answers = {} as Record<TracerName, Answers>;
  for (const tracer of tracers) {
    log(`asking ${tracer}`);
    answers[tracer] = await ask(tracer, { kafkaBroker: kafkaBrokers[0]!, amqpUrl, redisUrl }, modules);
  }
  const versions: Record<string, string> = {};
  for (const name of own) versions[name] = await versionOf(root, name);
  for (const name of ['@sentry/node', 'dd-trace']) versions[name] = await versionOf(modules, name);
  versions['amqplib with Sentry'] = await versionOf(modules, 'amqplib');
  const results = { node: process.versions.node, versions, answers };
  writeResults(results);
  const page = join(root, 'docs/compared.md');
  await writeFile(page, withTables(await readFile(page, 'utf8'), results));
} finally {
  await brokers.stop();
  await rm(modules, { recursive: true, force: true });
}
