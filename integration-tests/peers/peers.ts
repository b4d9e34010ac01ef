// Installs and starts relays: services in other languages and with other SDKs that pass messages on.
import { readFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NativeProcess, runProcess, startProcess } from '../brokers/native-process.ts';
import { makeDirectory, removeDirectory } from '../brokers/leftovers.ts';
import { pathOf, provide } from '../brokers/programs.ts';
import { kafkaClassPath } from '../brokers/kafka-jars.ts';
import { cachedProject } from '../lanes/cached-project.ts';
import { root } from '../lanes/tarball.ts';
import { cached, log } from './cached-folder.ts';
import { type Command, underJavaAgent } from './java-agent.ts';

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

const sentry = '@sentry/node@10.78.0';
const sources = import.meta.dirname;

async function java(relays: readonly Relay[]): Promise<Command> {
  await provide(['mvn'], log);
  const [{ from, to }] = relays as [Relay];
  return underJavaAgent('Relay.java', [from, to], await kafkaClassPath(log), { OTEL_TRACES_EXPORTER: 'none' });
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
): Promise<Pick<NativeProcess, 'stop' | 'ended'>> {
  const { command, env } = await peers[language](relays);
  return startCommand({ command, env: { ...addresses, RELAYS: JSON.stringify(relays), ...env } });
}

/** Starts a program in a directory of its own. */
export async function startCommand({ command, env }: Command): Promise<Pick<NativeProcess, 'stop' | 'ended'>> {
  const directory = await makeDirectory('peer');
  // A variable of the test's own process must not configure the peer.
  const unset = { NODE_OPTIONS: undefined, NODE_ENV: undefined, VITEST: undefined, OTEL_PROPAGATORS: undefined };
  const running = startProcess('peer', command, { directory, env: { ...unset, ...env } });
  return {
    ended: running.ended,
    async stop() {
      await running.stop();
      await removeDirectory(directory);
    },
  };
}
