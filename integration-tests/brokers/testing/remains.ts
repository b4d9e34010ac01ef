import { spawnSync } from 'node:child_process';
import { readdir, readlink } from 'node:fs/promises';

/** The processes that have `mark` in their environment, which their children inherit, without zombies. */
function processes(mark: string): string[] {
  const { MARK: _, ...env } = process.env;
  const options = { encoding: 'utf8', maxBuffer: 1 << 28, env } as const;
  const { stdout } = spawnSync('ps', ['axeww', '-o', 'pid=,stat=,command='], options);
  return stdout.split('\n').filter((line) => line.includes(mark) && !/^\s*\d+\s+Z/.test(line));
}

/**
 * The processes whose working directory is `directory`, because redis-server overwrites its environment. Only on
 * Linux.
 */
async function workingIn(directory: string): Promise<string[]> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(ids.map((id) => readlink(`/proc/${id}/cwd`).catch(() => '')));
  return ids.flatMap((id, i) => (places[i]?.startsWith(directory) ? [`${id} in ${places[i]}`] : []));
}

async function containersOf(ownerPid: number): Promise<string[]> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  const client = await getContainerRuntimeClient().catch(() => undefined);
  const all = await client?.container.dockerode.listContainers({ all: true });
  return (all ?? []).filter(({ Labels }) => Labels['mqtrace.run']?.startsWith(`${ownerPid}-`)).map(({ Id }) => Id);
}

/** The processes, directories and containers that remain after a run. */
export interface Remains {
  readonly processes: string[];
  readonly directories: string[];
  readonly containers: string[];
}

/**
 * Finds what is left of a run of the process `pid`, which has `mark` in its environment and uses `directory` for
 * temporary files.
 */
export async function remains(run: {
  readonly mark: string;
  readonly directory: string;
  readonly pid: number;
}): Promise<Remains> {
  const marked = processes(run.mark).map((line) => line.slice(0, 200));
  return {
    processes: [...marked, ...(await workingIn(run.directory))],
    // The loader of the run also stores a cache there.
    directories: (await readdir(run.directory)).filter((name) => name.startsWith('mqtrace-')),
    containers: await containersOf(run.pid),
  };
}

/** Nothing. */
export const nothing: Remains = { processes: [], directories: [], containers: [] };
