// Runs a lane: an empty project in which the packed tarball and other packages are installed, and a command that runs a
// pipeline.
import { execFile, type ExecFileException } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeOf } from './node-of.ts';
import { root } from './tarball.ts';

type Manager = 'npm' | 'npm@10' | 'npm@11' | 'pnpm@9' | 'pnpm@10' | 'yarn' | 'yarn-pnp';

/** One way to use the package. */
export interface Lane {
  /** The row of the table, such as `kafkajs`. */
  readonly row: string;
  /** The text in the row, such as `1.12.0`. */
  readonly version: string;
  /** Packages in addition to mqtrace, or instead of the usual ones, with their versions. */
  readonly packages?: Readonly<Record<string, string>>;
  /** Installs the packages. Default: the npm that runs the lanes. */
  readonly manager?: Manager;
  /** The package is installed with the command of the README in a project that has the clients. */
  readonly line?: boolean;
  /** The version of Node.js that runs the commands, such as `22`. Default: the one that runs the lanes. */
  readonly node?: string;
  /** Files of the project in addition to the programs. */
  readonly files?: Readonly<Record<string, string>>;
  /**
   * Commands, each a program and its arguments; `node` is the lane's Node.js. The output of the last one is checked.
   */
  readonly commands: readonly (readonly string[])[];
  /** A file that the commands create: it is run alone, in an empty folder. */
  readonly bundle?: string;
}

/** The packages of the README's install command, and the clients. */
const openTelemetry = { '@opentelemetry/api': '~1.9.0', '@opentelemetry/sdk-trace': '^2.12.0' };
const clients = { amqplib: '2.3.1', ioredis: '6.0.0', kafkajs: '2.2.4' };

/** Runs a lane in a new folder. Throws with the output of what failed. */
export async function runLane(lane: Lane, tarball: string, env: NodeJS.ProcessEnv): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtrace-lane-'));
  try {
    cpSync(join(root, 'integration-tests/lanes/programs'), folder, { recursive: true });
    const dependencies = lane.line
      ? { ...clients, ...lane.packages }
      : { mqtrace: `file:${tarball}`, ...openTelemetry, ...clients, ...lane.packages };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'lane', private: true, dependencies }));
    for (const [name, text] of Object.entries(lane.files ?? {})) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const node = await nodeOf(lane.node);
    await install(lane.manager ?? 'npm', folder, node, lane.line ? readmeLine(tarball) : []);
    const command = (args: readonly string[], cwd: string): Promise<string> =>
      run(args[0] === 'node' ? [node, ...args.slice(1)] : args, cwd, env);
    let output = '';
    for (const args of lane.commands) output = await command(args, folder);
    if (lane.bundle !== undefined)
      output = await runAlone(join(folder, lane.bundle), (args, cwd) => command(args, cwd));
    if (!/\bok\b|1 passed/.test(output)) throw new Error(`no result: ${output}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runAlone(
  file: string,
  command: (args: readonly string[], cwd: string) => Promise<string>,
): Promise<string> {
  const empty = mkdtempSync(join(tmpdir(), 'mqtrace-bundle-'));
  try {
    const name = file.split('/').at(-1)!;
    cpSync(file, join(empty, name));
    return await command(['node', name], empty);
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
}

/** The packages of the README's install command, with the tarball instead of the published package. */
function readmeLine(tarball: string): string[] {
  const line = /^npm install (mqtrace .+)$/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
  if (line === undefined) throw new Error('README.md has no line "npm install mqtrace …"');
  return line.split(' ').map((name) => (name === 'mqtrace' ? `mqtrace@file:${tarball}` : name));
}

/**
 * Installs the project's packages, and then adds others, as a user does; the lane's Node.js runs the package manager.
 */
async function install(manager: Manager, folder: string, node: string, added: readonly string[]): Promise<void> {
  const environment = {
    ...process.env,
    PATH: `${dirname(node)}:${process.env['PATH']}`,
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    CI: '1',
  };
  const call = (args: readonly string[]): Promise<string> => run(args, folder, environment);
  if (manager === 'yarn' || manager === 'yarn-pnp') {
    const linker = manager === 'yarn' ? 'node-modules' : 'pnp';
    writeFileSync(join(folder, '.yarnrc.yml'), `nodeLinker: ${linker}\nenableTelemetry: false\nenableScripts: false\n`);
    writeFileSync(join(folder, 'yarn.lock'), '');
    const yarn = ['npx', '-y', '-p', '@yarnpkg/cli-dist@4', 'yarn'];
    await call([...yarn, 'install']);
    if (added.length > 0) await call([...yarn, 'add', ...added]);
  } else if (manager === 'pnpm@9' || manager === 'pnpm@10') {
    const pnpm = ['npx', '-y', manager];
    await call([...pnpm, 'install', '--no-frozen-lockfile', '--ignore-scripts']);
    if (added.length > 0) await call([...pnpm, 'add', '--ignore-scripts', ...added]);
  } else {
    const npm = manager === 'npm' ? ['npm'] : ['npx', '-y', manager];
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--silent'];
    await call([...npm, 'install', ...options]);
    if (added.length > 0) await call([...npm, 'install', ...options, ...added]);
  }
}

function run([program, ...args]: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program!,
      args,
      { cwd, env, timeout: 300_000, maxBuffer: 1e8 },
      (error: ExecFileException | null, out, err) => {
        if (error === null) resolve(`${out}${err}`);
        else reject(new Error(`${[program, ...args].join(' ')} failed: ${error.message}\n${out}\n${err}`));
      },
    );
  });
}
