// Starts a Prometheus that scrapes the endpoints of a test, and runs promtool.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Running } from '../brokers/broker.ts';
import { makeDirectory, removeDirectory } from '../brokers/leftovers.ts';
import { startProcess } from '../brokers/native-process.ts';
import { onFreePorts } from '../brokers/ports.ts';
import { pathOf, provide } from '../brokers/programs.ts';
import { until } from '../brokers/wait.ts';

const run = promisify(execFile);

/** One sample of a query's result. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Installs Prometheus if possible; else rejects with an error that explains how to install it. */
export function providePrometheus(): Promise<void> {
  return provide(['prometheus', 'promtool'], (line) => console.log(`[prometheus] ${line}`));
}

/** Runs `promtool`; rejects with its output if it reports a problem. */
export async function promtool(...args: string[]): Promise<string> {
  const { stdout } = await run(pathOf('promtool'), args).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`promtool ${args.join(' ')}:\n${error.stdout}${error.stderr}`);
  });
  return stdout;
}

/** Starts a Prometheus with these scrape configurations, written as JSON, which is valid YAML. */
export function startPrometheus(scrapeConfigs: readonly object[]): Promise<Running<string>> {
  return onFreePorts(1, async ([port = 0]) => {
    const directory = await makeDirectory('prometheus');
    const config = { global: { scrape_interval: '500ms', scrape_timeout: '500ms' }, scrape_configs: scrapeConfigs };
    await writeFile(join(directory, 'prometheus.yml'), JSON.stringify(config));
    const server = startProcess(
      'prometheus',
      [
        pathOf('prometheus'),
        '--config.file=prometheus.yml',
        '--storage.tsdb.path=data',
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { directory },
    );
    const stop = async (): Promise<void> => {
      await server.stop();
      await removeDirectory(directory);
    };
    const at = `http://127.0.0.1:${port}`;
    try {
      await until('Prometheus', () => probe(at), { check: server.assertRunning, timeoutMs: 60_000 });
      return { at, stop };
    } catch (error) {
      await stop();
      throw error;
    }
  });
}

async function probe(at: string): Promise<void> {
  const answer = await fetch(`${at}/-/ready`, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
}

/** The current result of a query. */
export async function query(at: string, expression: string): Promise<Sample[]> {
  const answer = await fetch(`${at}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: expression }),
  });
  const { status, error, data } = (await answer.json()) as {
    status: string;
    error?: string;
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  if (status !== 'success') throw new Error(`${expression}: ${error}`);
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

/** The result of the last scrape of each target: `'up'` or the error. */
export async function scraped(at: string): Promise<string[]> {
  const answer = await fetch(`${at}/api/v1/targets?state=active`);
  const { data } = (await answer.json()) as { data: { activeTargets: { lastError: string; health: string }[] } };
  return data.activeTargets.map(({ lastError, health }) => lastError || health);
}
