import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installDebianPackages } from './debian-packages.ts';

/**
 * Folders that are searched after PATH: Debian installs RabbitMQ's own script elsewhere, and Homebrew does not link
 * every Java.
 */
const furtherDirectories = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/opt/homebrew/bin',
  '/opt/homebrew/sbin',
  '/opt/homebrew/opt/openjdk/bin',
  '/usr/local/opt/openjdk/bin',
];

/** The oldest Java version that supports Kafka 4's broker. */
const oldestJava = 17;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function candidates(name: string): string[] {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  return [...path, ...furtherDirectories].map((directory) => join(directory, name)).filter(isExecutable);
}

function findJava(): string | undefined {
  const home = process.env['JAVA_HOME'];
  const own = home === undefined ? [] : [join(home, 'bin', 'java')];
  return [...own, ...candidates('java')].find((path) => {
    const { stderr } = spawnSync(path, ['-version'], { encoding: 'utf8' });
    return Number(/version "(\d+)/.exec(stderr ?? '')?.[1]) >= oldestJava;
  });
}

function findRabbitmq(): string | undefined {
  // Debian's /usr/sbin/rabbitmq-server changes to the user rabbitmq and to that user's directories.
  const script = '/usr/lib/rabbitmq/bin/rabbitmq-server';
  return isExecutable(script) ? script : candidates('rabbitmq-server')[0];
}

interface Sources {
  readonly find: () => string | undefined;
  /** Debian packages; the first available one is installed. */
  readonly debian: readonly string[];
  readonly homebrew: string;
}

/** A program that native brokers and other tests need. */
export type Program =
  | 'redis-server'
  | 'redis-cli'
  | 'rabbitmq-server'
  | 'epmd'
  | 'java'
  | 'mvn'
  | 'prometheus'
  | 'promtool'
  | 'javac'
  | 'go'
  | 'python3';

const programs: Record<Program, Sources> = {
  'redis-server': { find: () => candidates('redis-server')[0], debian: ['redis-server'], homebrew: 'redis' },
  'redis-cli': { find: () => candidates('redis-cli')[0], debian: ['redis-tools'], homebrew: 'redis' },
  'rabbitmq-server': { find: findRabbitmq, debian: ['rabbitmq-server'], homebrew: 'rabbitmq' },
  epmd: { find: () => candidates('epmd')[0], debian: ['erlang-base'], homebrew: 'erlang' },
  java: {
    find: findJava,
    debian: ['openjdk-17-jre-headless', 'openjdk-21-jre-headless', 'default-jre-headless'],
    homebrew: 'openjdk',
  },
  prometheus: { find: () => candidates('prometheus')[0], debian: ['prometheus'], homebrew: 'prometheus' },
  promtool: { find: () => candidates('promtool')[0], debian: ['prometheus'], homebrew: 'prometheus' },
  mvn: { find: () => candidates('mvn')[0], debian: ['maven'], homebrew: 'maven' },
  // Java runs a source file only with its compiler.
  javac: {
    find: () => candidates('javac')[0],
    debian: ['openjdk-17-jdk-headless', 'openjdk-21-jdk-headless', 'default-jdk-headless'],
    homebrew: 'openjdk',
  },
  go: { find: () => candidates('go')[0], debian: ['golang-go'], homebrew: 'go' },
  python3: { find: () => candidates('python3')[0], debian: ['python3-venv'], homebrew: 'python' },
};

const forBrokers = new Set<Program>(['redis-server', 'rabbitmq-server', 'epmd', 'java', 'mvn']);

/** The path of a program, or undefined if it is not installed. */
function find(program: Program): string | undefined {
  return programs[program].find();
}

/** The path of a program that {@link provide} has checked. */
export function pathOf(program: Program): string {
  const path = find(program);
  if (path === undefined) throw new Error(`${program} is not installed`);
  return path;
}

let last: Promise<void> = Promise.resolve();

/**
 * Makes sure that `wanted` are installed. On Debian and its derivatives, as root, missing programs are installed, and
 * one line is logged; elsewhere it rejects with an error that names what is missing and how to install it.
 */
export function provide(wanted: readonly Program[], log: (line: string) => void): Promise<void> {
  // One after the other, so that brokers that start at the same time do not install the same twice.
  const next = last.then(() => provideNow(wanted, log));
  last = next.catch(() => {});
  return next;
}

async function provideNow(wanted: readonly Program[], log: (line: string) => void): Promise<void> {
  const missing = wanted.filter((program) => find(program) === undefined);
  if (missing.length === 0) return;
  const isRoot = process.getuid?.() === 0;
  const hasApt = isExecutable('/usr/bin/apt-get');
  if (isRoot && hasApt) {
    log(`installing what is missing with apt-get, as root: ${missing.join(', ')}`);
    await installDebianPackages(missing.map((program) => programs[program].debian));
  }
  const still = missing.filter((program) => find(program) === undefined);
  if (still.length > 0) throw new Error(howToGet(still, hasApt));
}

function howToGet(missing: readonly Program[], hasApt: boolean): string {
  const names = missing.map((program) => (program === 'java' ? `java (${oldestJava} or later)` : program)).join(', ');
  const packages = missing.map((program) => (hasApt ? programs[program].debian[0] : programs[program].homebrew));
  const install = `${hasApt ? 'sudo apt-get install' : 'brew install'} ${[...new Set(packages)].join(' ')}`;
  if (missing.includes('prometheus')) return `no Prometheus here: install it (${install})`;
  if (!missing.some((program) => forBrokers.has(program))) return `${names} is missing: install it (${install})`;
  return `no brokers without ${names}: install them (${install}), or start Docker, or set KAFKA_BROKERS, AMQP_URL and REDIS_URL`;
}
