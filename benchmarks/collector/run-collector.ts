// Runs OpenTelemetry's Collector: a binary, or the image, with one of the configuration files of docs/collector.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const image = 'otel/opentelemetry-collector-contrib:0.158.0';
const gate = '--feature-gates=processor.tailsamplingprocessor.usetracestate';

/** A running Collector. */
export interface Collector {
  /** Where it takes OTLP over HTTP, if it does. */
  readonly url: string;
  /** A metric about itself, summed over its series; 0 if there is none. */
  metric(name: string): Promise<number>;
  /** The size of its storage on disk. */
  diskBytes(): number;
  stop(): Promise<void>;
}

/** The configuration with other addresses: each Collector of a run has its own ports from `base` on. */
export type Change = (text: string) => string;

/**
 * @param file - a file of docs/collector, or the text of a configuration.
 * @param base - its first port: OTLP over gRPC; then HTTP, health, its own metrics, and metrics of spans.
 */
export async function startCollector(
  folder: string,
  file: string,
  base: number,
  change: Change = (text) => text,
): Promise<Collector> {
  const directory = join(folder, String(base));
  mkdirSync(join(directory, 'storage'), { recursive: true });
  const given = file.includes('\n')
    ? file
    : readFileSync(new URL(`../../docs/collector/${file}`, import.meta.url), 'utf8');
  const text = change(given)
    .replaceAll('0.0.0.0:4317', `127.0.0.1:${base}`)
    .replaceAll('0.0.0.0:4318', `127.0.0.1:${base + 1}`)
    .replaceAll('0.0.0.0:13133', `127.0.0.1:${base + 2}`)
    .replaceAll("host: '0.0.0.0', port: 8888", `host: '127.0.0.1', port: ${base + 3}`)
    .replaceAll('0.0.0.0:8889', `127.0.0.1:${base + 4}`)
    .replaceAll('/var/lib/otelcol', join(directory, 'storage'));
  const config = join(directory, 'config.yaml');
  writeFileSync(config, text);
  const own = process.env['OTELCOL'];
  const mounted = ['--network=host', '--user=0:0', '-v', `${directory}:${directory}`];
  const [program = '', ...args] = own === undefined ? ['docker', 'run', '--rm', '-i', ...mounted, image] : [own];
  const child = spawn(program, [...args, '--config', config, gate], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  const note = (chunk: Buffer): void => void (log = (log + chunk.toString()).slice(-4000));
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${base + 3}/metrics`)).text();
  for (let tries = 0; ; tries++) {
    try {
      await metrics();
      // It takes spans a little later.
      await fetch(`http://127.0.0.1:${base + 1}`);
      break;
    } catch (error) {
      if (tries < 200 && child.exitCode === null) await sleep(100);
      else throw new Error(`the Collector has not started:\n${log}`, { cause: error });
    }
  }
  return {
    url: `http://127.0.0.1:${base + 1}`,
    async metric(name) {
      const lines = (await metrics())
        .split('\n')
        .filter((line) => /^[^#]/.test(line) && line.split(/[{ ]/)[0] === name);
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    diskBytes: () => sizeOf(join(directory, 'storage')),
    stop: () => end(child, directory),
  };
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  const ended = once(child, 'exit');
  if (child.exitCode === null && child.kill('SIGTERM')) await ended;
  rmSync(directory, { recursive: true, force: true });
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).blocks * 512, 0);
}
