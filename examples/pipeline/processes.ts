// Starts and stops the demo's processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One of the four services. */
export interface Service {
  /** Resolves when it takes work; rejects if it ends before that. */
  ready: Promise<void>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

const stopWithinMs = 20_000;

export function startService(
  name: string,
  environment: Record<string, string>,
  onLine: (line: string) => void,
): Service {
  const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) createInterface(stream).on('line', onLine);
  const ended = once(child, 'exit');
  // Whatever ends the demo ends its services.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const readyOrNot = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`${name} ended with code ${code} before it was ready`)));
  });
  return {
    ready: readyOrNot,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(kill, stopWithinMs);
      if (child.exitCode === null && child.signalCode === null) await ended;
      clearTimeout(late);
      process.off('exit', kill);
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
