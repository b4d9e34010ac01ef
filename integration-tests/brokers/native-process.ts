import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forget, hold } from './leftovers.ts';

/** A program started by us, the leader of its own process group, with its output in a file. */
export interface NativeProcess {
  /** Throws if the program has ended, with the end of its output in the message. */
  readonly assertRunning: () => void;
  /** Resolves with the exit code or the name of the signal. */
  readonly ended: Promise<number | string>;
  /**
   * Kills the whole group and resolves when all its processes are gone. The brokers keep no data, so they need no
   * graceful stop.
   */
  readonly stop: () => Promise<void>;
}

/** A program that ended because its port was in use. */
export class PortTakenError extends Error {}

const portTaken = /address (is )?already in use|eaddrinuse|failed to bind|could not bind|port is already allocated/i;

/** The last lines of a program's output, for an error message. */
function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}

function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

/** Starts `command` in `directory`; its output is written to `<name>.log` there. */
export function startProcess(
  name: string,
  [command, ...args]: readonly [string, ...string[]],
  options: { readonly directory: string; readonly env?: NodeJS.ProcessEnv },
): NativeProcess {
  const file = join(options.directory, `${name}.log`);
  const output = openSync(file, 'a');
  // The program starts when the janitor knows its group: if this process is killed before, the shell finds its input
  // closed.
  const child = spawn('/bin/sh', ['-c', 'read -r go && exec "$@" </dev/null', 'sh', command, ...args], {
    cwd: options.directory,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ['pipe', output, output],
  });
  closeSync(output);
  const group = child.pid;
  child.stdin?.on('error', () => {});
  if (group !== undefined) hold('group', group, () => child.stdin?.end('go\n'));

  let end: number | string | undefined;
  const ended = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve((end = error.message)));
    child.once('exit', (code, signal) => resolve((end = code ?? signal ?? 'unknown')));
  });
  child.unref();

  return {
    ended,
    assertRunning(): void {
      if (end === undefined) return;
      const output = tail(file);
      const message = `${name} ended (${end}): ${[command, ...args].join(' ')}\n${output}`;
      throw portTaken.test(output) ? new PortTakenError(message) : new Error(message);
    },
    async stop(): Promise<void> {
      if (group === undefined) return;
      for (let tries = 0; tries < 250 && signalGroup(group, 'SIGKILL'); tries++) await sleep(20);
      await forget('group', group);
    },
  };
}

/** A server that can be started again; {@link start} resolves when clients can use it. */
export interface NativeServer {
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly restart: () => Promise<void>;
}

/**
 * @param launch - starts its process.
 * @param ready - resolves when the server answers; rejects if `check` throws.
 */
export function nativeServer(
  launch: () => NativeProcess,
  ready: (check: () => void) => Promise<unknown>,
): NativeServer {
  let running: NativeProcess | undefined;
  const stop = async (): Promise<void> => running?.stop();
  const start = async (): Promise<void> => {
    running = launch();
    await ready(running.assertRunning);
  };
  const restart = async (): Promise<void> => {
    await stop();
    await start();
  };
  return { start, stop, restart };
}

/** Runs a program until it ends; rejects with the end of its output unless it exits with 0. */
export async function runProcess(...given: Parameters<typeof startProcess>): Promise<void> {
  const [name, command, { directory }] = given;
  const running = startProcess(...given);
  // The child is unreferenced, so something else must keep this process alive while it runs.
  const alive = setInterval(() => {}, 1000);
  try {
    const end = await running.ended;
    if (end !== 0) throw new Error(`${command.join(' ')} ended (${end}):\n${tail(join(directory, `${name}.log`))}`);
  } finally {
    clearInterval(alive);
    await running.stop();
  }
}
