import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, realpath, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Kinds {
  /** A process group, by its id: all its processes are killed. */
  group: number;
  /** A directory, by its path. */
  directory: string;
  /** Containers, by the value of their label `mqtrace.run`. */
  containers: string;
}

let janitor: ChildProcess | undefined;
const held = new Set<string>();

function hire(): ChildProcess {
  const script = fileURLToPath(new URL('janitor.js', import.meta.url));
  const child = spawn(process.execPath, [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  (child.stdin as Socket).unref();
  child.stdin?.on('error', () => {});
  return child;
}

/**
 * Stops or removes `value` if this process ends, in any way, before {@link forget} is called for it. `then` is called
 * when the janitor knows of it, so that it is created only afterwards.
 */
export function hold<K extends keyof Kinds>(kind: K, value: Kinds[K], then: () => void = () => {}): void {
  janitor ??= hire();
  held.add(`${kind} ${value}`);
  janitor.stdin?.write(`${JSON.stringify({ action: 'hold', kind, value })}\n`, then);
}

/** Reports that `value` is gone. The janitor's process ends with the last one. */
export async function forget<K extends keyof Kinds>(kind: K, value: Kinds[K]): Promise<void> {
  if (!held.delete(`${kind} ${value}`) || janitor === undefined) return;
  janitor.stdin?.write(`${JSON.stringify({ action: 'forget', kind, value })}\n`);
  if (held.size > 0) return;
  const last = janitor;
  janitor = undefined;
  const gone = last.exitCode === null && last.signalCode === null ? once(last, 'exit') : undefined;
  last.ref();
  last.stdin?.end();
  await gone;
}

/**
 * Creates a directory under `parent`, by default the system's temporary one; {@link removeDirectory} or the end of
 * this process removes it.
 */
export async function makeDirectory(name: string, parent: string = tmpdir()): Promise<string> {
  const directory = join(await realpath(parent), `mqtrace-${name}-${randomUUID()}`);
  await new Promise<void>((resolve) => hold('directory', directory, resolve));
  await mkdir(directory, { mode: 0o700 });
  return directory;
}

/** Removes a directory created by {@link makeDirectory}. */
export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  await forget('directory', directory);
}
