// Describes what a result depends on besides the code: machine, load and versions.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const packages = [
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace',
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/exporter-trace-otlp-proto',
  '@opentelemetry/instrumentation-kafkajs',
  '@opentelemetry/instrumentation-amqplib',
  '@opentelemetry/instrumentation-ioredis',
  'kafkajs',
  'amqplib',
  'ioredis',
];

/** Where and when something was measured. */
export interface Machine {
  readonly node: string;
  readonly v8: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** The load average of the last minute at the start. */
  readonly load: number;
  readonly at: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** An installed executable of Node.js: `20` or `22.11.0` by npm's `node` package, or the path of one. */
export async function nodeOf(wanted: string | undefined): Promise<string> {
  if (wanted === undefined || wanted === process.versions.node.split('.')[0]) return process.execPath;
  if (!/^[\d.]+$/.test(wanted)) return wanted;
  const { stdout } = await run('npx', ['-y', `node@${wanted}`, '-p', 'process.execPath']);
  return stdout.trim();
}

export async function machineOf(node: string): Promise<Machine> {
  const { stdout } = await run(node, ['-p', 'JSON.stringify(process.versions)']);
  const versions = JSON.parse(stdout) as { node: string; v8: string };
  return {
    node: versions.node,
    v8: versions.v8,
    processor: (cpus()[0]?.model ?? 'unknown').replaceAll(/\((?:R|TM)\)/g, ''),
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    load: Math.round(loadavg()[0]! * 10) / 10,
    at: new Date().toISOString().slice(0, 16),
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  };
}

/** Read from its file, because some packages do not export their package.json. */
function versionOf(name: string): string {
  const path = require.resolve(name).replace(/(\/node_modules\/(?:@[^/]+\/)?[^/]+)\/.*$/, '$1/package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
