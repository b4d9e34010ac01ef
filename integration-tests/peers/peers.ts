// Installs and starts relays: services in other languages and with other SDKs that pass messages on.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NativeProcess, runProcess, startProcess } from '../brokers/native-process.ts';
import { makeDirectory, removeDirectory } from '../brokers/leftovers.ts';
import { pathOf, provide } from '../brokers/programs.ts';
import { kafkaClassPath } from '../brokers/kafka-jars.ts';
import { cachedProject } from '../lanes/cached-project.ts';
import { root } from '../lanes/tarball.ts';

/** What one relay does. */
export interface Relay {
  readonly broker: 'kafka' | 'rabbitmq' | 'redis';
  readonly from: string;
  readonly to: string;
  readonly propagator: 'w3c' | 'b3' | 'jaeger' | 'sentry';
  /** It does not continue the trace of the message. */
  readonly newTrace: boolean;
}

/** The languages and SDKs of the relays. */
export type Language = 'Java' | 'Python' | 'Go' | 'JavaScript, SDK 2' | 'JavaScript, SDK 3' | 'Sentry';

/** The addresses of the brokers, as environment variables. */
export type Addresses = Record<'KAFKA_BROKERS' | 'AMQP_URL' | 'REDIS_URL', string>;

const agent = { artifact: 'io.opentelemetry.javaagent:opentelemetry-javaagent', version: '2.33.1' };
const sentry = '@sentry/node@10.78.0';
const sources = import.meta.dirname;
const cache = join(root, '.cache', 'peers');
const log = (line: string): void => console.log(`[peers] ${line}`);

interface Command {
  readonly command: [string, ...string[]];
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * A folder of the cache that `fill` has filled, in this run or an earlier one.
 *
 * @param facts - what the content depends on.
 */
async function cached(name: string, facts: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, `${name}-${createHash('sha256').update(facts).digest('hex').slice(0, 12)}`);
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return folder;
  log(`installing what ${name} needs, once, into ${folder}`);
  await removeDirectory(folder);
  await mkdir(folder, { recursive: true });
  await fill(folder);
  await writeFile(complete, '');
  return folder;
}

async function java(relays: readonly Relay[]): Promise<Command> {
  await provide(['java', 'javac', 'mvn'], log);
  const file = `opentelemetry-javaagent-${agent.version}.jar`;
  const folder = await cached('java', file, async (directory) => {
    const artifact = `-Dartifact=${agent.artifact}:${agent.version}`;
    const options = [`-Dmaven.repo.local=${join(directory, 'repository')}`, `-DoutputDirectory=${directory}`];
    const goal = ['dependency:copy', artifact, '-Dtransitive=false'];
    await runProcess('maven', [pathOf('mvn'), '-q', '-B', ...options, ...goal], { directory });
  });
  const [{ from, to }] = relays as [Relay];
  const vm = ['-Xmx256m', '-XX:TieredStopAtLevel=1', `-javaagent:${join(folder, file)}`];
  const none = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' };
  return {
    command: [pathOf('java'), ...vm, '-cp', await kafkaClassPath(log), join(sources, 'java/Relay.java'), from, to],
    // The agent takes a program that is run from its source for a tool of the JDK.
    env: { ...none, OTEL_PROPAGATORS: 'tracecontext,baggage', OTEL_JAVAAGENT_ENABLED: 'true' },
  };
}

/** A folder with Python and these packages, one a line. */
export async function pythonWith(name: string, packages: string): Promise<string> {
  await provide(['python3'], log);
  return cached(name, packages, async (directory) => {
    await runProcess('venv', [pathOf('python3'), '-m', 'venv', directory], { directory });
    const pip: [string, ...string[]] = [join(directory, 'bin/pip'), 'install', '-q', ...packages.trim().split('\n')];
    await runProcess('pip', pip, { directory });
  });
}

async function python(): Promise<Command> {
  const folder = await pythonWith('python', readFileSync(join(sources, 'python/requirements.txt'), 'utf8'));
  return { command: [join(folder, 'bin/python'), join(sources, 'python/relay.py')] };
}

async function go(): Promise<Command> {
  await provide(['go'], log);
  const files = ['main.go', 'go.mod', 'go.sum'];
  const facts = files.map((file) => readFileSync(join(sources, 'go', file), 'utf8')).join('\n');
  const folder = await cached('go', facts, async (directory) => {
    for (const file of files) await cp(join(sources, 'go', file), join(directory, file));
    await runProcess('go', [pathOf('go'), 'build', '-o', 'relay', '.'], { directory });
  });
  return { command: [join(folder, 'relay')] };
}

function javascript(modules: string): Command {
  return { command: [process.execPath, join(sources, 'javascript/relay.js')], env: { PEER_MODULES: modules } };
}

const peers: Record<Language, (relays: readonly Relay[]) => Promise<Command> | Command> = {
  Java: java,
  Python: python,
  Go: go,
  'JavaScript, SDK 2': () => javascript(root),
  'JavaScript, SDK 3': () => javascript(cachedProject('sdk-3')),
  Sentry: async () =>
    javascript(
      await cached('sentry', sentry, async (directory) => {
        await writeFile(join(directory, 'package.json'), '{"private":true}');
        const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent'];
        await runProcess('npm', ['npm', 'install', ...options, sentry, '@opentelemetry/api@1'], { directory });
      }),
    ),
};

/** Starts a process with these relays. */
export async function startPeer(
  language: Language,
  relays: readonly Relay[],
  addresses: Addresses,
): Promise<Pick<NativeProcess, 'stop'>> {
  const { command, env } = await peers[language](relays);
  const directory = await makeDirectory('peer');
  // A variable of the test's own process must not configure the peer.
  const unset = { NODE_OPTIONS: undefined, NODE_ENV: undefined, VITEST: undefined, OTEL_PROPAGATORS: undefined };
  const settings = { ...unset, ...addresses, RELAYS: JSON.stringify(relays), ...env };
  const running = startProcess('peer', command, { directory, env: settings });
  return {
    async stop() {
      await running.stop();
      await removeDirectory(directory);
    },
  };
}
