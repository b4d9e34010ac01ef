import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Broker, Log, Running } from '../brokers/broker.ts';
import { makeDirectory, removeDirectory } from '../brokers/leftovers.ts';
import { runProcess, startProcess } from '../brokers/native-process.ts';
import { onFreePorts } from '../brokers/ports.ts';
import { pathOf } from '../brokers/programs.ts';
import { until } from '../brokers/wait.ts';

const version = '3.5.1';

function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'mqtrace');
}

const jar = (): string => join(cacheDirectory(), `zipkin-server-${version}-exec.jar`);

async function fetchJar(log: Log): Promise<void> {
  if (existsSync(jar())) return;
  log(`fetching Zipkin ${version} with Maven (130 MB, once, into ${cacheDirectory()})`);
  await mkdir(cacheDirectory(), { recursive: true });
  // Written to a temporary name and renamed when complete: a file with the final name is always complete.
  const directory = await makeDirectory('fetching', cacheDirectory());
  try {
    const artifact = `-Dartifact=io.zipkin:zipkin-server:${version}:jar:exec`;
    const options = [
      '-q',
      '-B',
      `-Dmaven.repo.local=${join(directory, 'repository')}`,
      `-DoutputDirectory=${directory}`,
    ];
    await runProcess('maven', [pathOf('mvn'), ...options, 'dependency:copy', artifact, '-Dtransitive=false'], {
      directory,
    });
    await rename(join(directory, `zipkin-server-${version}-exec.jar`), jar());
  } finally {
    await removeDirectory(directory);
  }
}

async function probe(url: string): Promise<void> {
  const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  await answer.arrayBuffer();
}

async function startNative(port: number): Promise<Running<string>> {
  const directory = await makeDirectory('zipkin');
  const command = [pathOf('java'), '-Xmx256m', '-XX:TieredStopAtLevel=1', '-jar', jar()] as const;
  const env = { QUERY_PORT: String(port), STORAGE_TYPE: 'mem', SELF_TRACING_ENABLED: 'false' };
  const server = startProcess('zipkin', command, { directory, env });
  const stop = async (): Promise<void> => {
    await server.stop();
    await removeDirectory(directory);
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await until('Zipkin', () => probe(url), { check: server.assertRunning });
    return { at: url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const image = 'openzipkin/zipkin:3';

/** Provides Zipkin, in the same order as the brokers: `ZIPKIN_URL`, a container, a process. */
export const zipkin: Broker<string> = {
  name: 'Zipkin',
  variable: 'ZIPKIN_URL',
  parse: (value) => value.replace(/\/$/, ''),
  probe,
  programs: () => (existsSync(jar()) ? ['java'] : ['java', 'mvn']),
  async native(log) {
    await fetchJar(log);
    return onFreePorts(1, ([port = 0]) => startNative(port));
  },
  image,
  container: (docker) =>
    docker.run(image, {
      environment: { STORAGE_TYPE: 'mem' },
      ports: [9411],
      at: ({ host, port }) => `http://${host}:${port(9411)}`,
      probe,
    }),
};
