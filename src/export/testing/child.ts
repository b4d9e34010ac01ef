// Runs programs in child processes.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const repository = new URL('../../..', import.meta.url).pathname;

/** How a child process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Compiles the sources like the published build. */
export async function compileSources(directory: string): Promise<void> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', directory], {
    cwd: repository,
  });
  writeFileSync(join(directory, 'package.json'), '{ "type": "commonjs" }');
}

/** The compiled sources for child processes, which start ten times faster with them. */
export class CompiledSources {
  readonly directory: string;
  #programs = 0;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async compile(): Promise<CompiledSources> {
    // Inside the repository, so that packages are found.
    mkdirSync(join(repository, '.cache'), { recursive: true });
    const directory = mkdtempSync(join(repository, '.cache', 'children-'));
    await compileSources(directory);
    return new CompiledSources(directory);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Starts a program; `startTracing` is imported for it, unless it does not start with the SDK. */
  start(
    program: string,
    imports: string = `import { startTracing } from './src/sdk/index.js';`,
    wrapper: readonly string[] = [],
  ): ChildProcess {
    const file = join(this.directory, `program-${this.#programs++}.mjs`);
    writeFileSync(file, `${imports}\n${program}`);
    const [command, ...args] = [...wrapper, process.execPath, file];
    return spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Runs a program to its end; `onLine` gets each line of output. */
  async run(program: string, onLine?: (line: string, child: ChildProcess) => void): Promise<Ended> {
    const child = this.start(program);
    return ended(child, onLine);
  }
}

/** Waits for a process to end. */
export function ended(child: ChildProcess, onLine?: (line: string, child: ChildProcess) => void): Promise<Ended> {
  let out = '';
  let err = '';
  let rest = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    rest += text;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      onLine?.(rest.slice(0, end), child);
      rest = rest.slice(end + 1);
    }
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
}
