// What a lane is: an empty project, the packed tarball and other packages in it, and a command that runs a pipeline.
import { execFile, type ExecFileException } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cache, root } from './tarball.ts';

/** One way in which others use the package. */
export interface Lane {
  /** Row of the table, such as `kafkajs`. */
  readonly row: string;
  /** What is shown in the row, such as `1.12.0`. */
  readonly version: string;
  /** Packages beside mqtrace, or instead of the usual ones, with their versions. */
  readonly packages?: Readonly<Record<string, string>>;
  /** Installs the packages. Default npm. */
  readonly manager?: 'npm' | 'pnpm' | 'yarn';
  /** Version of the Node.js that runs the commands, such as `22`. Default: the one that runs the lanes. */
  readonly node?: string;
  /** Files of the project beside the programs. */
  readonly files?: Readonly<Record<string, string>>;
  /** Commands, each a program and its arguments; `node` is the lane's. The output of the last one is what counts. */
  readonly commands: readonly (readonly string[])[];
  /** A file that the commands make: it is run alone, in an empty folder. */
  readonly bundle?: string;
}

/** What the README tells to install, and the clients. */
const usual = {
  '@opentelemetry/api': '~1.9.0',
  '@opentelemetry/sdk-trace': '^2.12.0',
  amqplib: '2.3.1',
  ioredis: '6.0.0',
  kafkajs: '2.2.4',
};

/** Runs a lane in a new folder. Throws with the output of what failed. */
export async function runLane(lane: Lane, tarball: string, env: NodeJS.ProcessEnv): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtrace-lane-'));
  try {
    cpSync(join(root, 'integration-tests/lanes/programs'), folder, { recursive: true });
    const dependencies = { mqtrace: `file:${tarball}`, ...usual, ...lane.packages };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'lane', private: true, dependencies }));
    for (const [name, text] of Object.entries(lane.files ?? {})) writeFileSync(join(folder, name), text);
    await install(lane.manager ?? 'npm', folder);
    const node = await nodeOf(lane.node);
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

async function install(manager: 'npm' | 'pnpm' | 'yarn', folder: string): Promise<void> {
  const environment = { ...process.env, YARN_ENABLE_IMMUTABLE_INSTALLS: 'false', CI: '1' };
  if (manager === 'npm')
    await run(['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--silent'], folder, environment);
  if (manager === 'pnpm')
    await run(['npx', '-y', 'pnpm@10', 'install', '--no-frozen-lockfile', '--ignore-scripts'], folder, environment);
  if (manager === 'yarn') {
    // Plug'n'Play, which resolves nothing but what a package declares.
    writeFileSync(join(folder, '.yarnrc.yml'), 'nodeLinker: pnp\nenableTelemetry: false\nenableScripts: false\n');
    writeFileSync(join(folder, 'yarn.lock'), '');
    await run(['npx', '-y', '-p', '@yarnpkg/cli-dist@4', 'yarn', 'install'], folder, environment);
  }
}

/** The program of a Node.js of another version, from the package `node`; kept between runs. */
async function nodeOf(version: string | undefined): Promise<string> {
  if (version === undefined) return process.execPath;
  const folder = join(cache, `node-${version}`);
  const program = join(folder, 'node_modules/node/bin/node');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    // Its install script puts the program in place.
    await run(['npm', 'install', `node@${version}`, '--no-audit', '--no-fund', '--silent'], folder, process.env);
  }
  return program;
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
