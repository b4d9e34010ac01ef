import type { Broker, Running } from './broker.ts';
import { makeDirectory, removeDirectory } from './leftovers.ts';
import { nativeServer, startProcess } from './native-process.ts';
import { onFreePorts } from './ports.ts';
import { probeRedis } from './probes.ts';
import { pathOf } from './programs.ts';
import { until } from './wait.ts';

/** No data is to be persisted. */
export const withoutPersistence = ['--save', '', '--appendonly', 'no'] as const;

/**
 * Starts one `redis-server` on 127.0.0.1 in a new directory.
 *
 * @param program - default: the installed one.
 */
export async function startRedisServer(
  port: number,
  options: readonly string[] = [],
  program: string = pathOf('redis-server'),
): Promise<Running<string>> {
  const at = `redis://127.0.0.1:${port}`;
  const directory = await makeDirectory('redis');
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory, ...withoutPersistence, ...options];
  const server = nativeServer(
    () => startProcess('redis', [program, ...args], { directory }),
    (check) => until('Redis', () => probeRedis(at, directory), { check }),
  );
  const stop = async (): Promise<void> => {
    await server.stop();
    await removeDirectory(directory);
  };
  try {
    await server.start();
    return { at, stop, restart: server.restart };
  } catch (error) {
    await stop();
    throw error;
  }
}

export const redis: Broker<string> = {
  name: 'Redis',
  variable: 'REDIS_URL',
  parse: (value) => value,
  probe: (at) => probeRedis(at),
  programs: () => ['redis-server'],
  native: () => onFreePorts(1, ([port = 0]) => startRedisServer(port)),
  image: 'redis:7.4-alpine',
  container: (docker) =>
    docker.run('redis:7.4-alpine', {
      command: ['redis-server', '--protected-mode', 'no', ...withoutPersistence],
      ports: [6379],
      at: ({ host, port }) => `redis://${host}:${port(6379)}`,
      probe: (at) => probeRedis(at),
    }),
};
