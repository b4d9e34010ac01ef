import type { Broker, Running } from './broker.ts';
import { makeDirectory, removeDirectory } from './leftovers.ts';
import { runProcess } from './native-process.ts';
import { onFreePorts } from './ports.ts';
import { askRedis } from './probes.ts';
import { pathOf } from './programs.ts';
import { startRedisServer, withoutPersistence } from './redis.ts';
import { until } from './wait.ts';

/** One node of a Redis Cluster, for ioredis. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

const masters = 3;
/** The offset of a node's bus port. */
const busOffset = 10_000;
const slots = 16_384;

/** Resolves when every node reports that the cluster is ok and knows a master for every slot. */
async function probe(nodes: readonly RedisNode[]): Promise<void> {
  await Promise.all(
    nodes.map(({ host, port }) =>
      askRedis(`redis://${host}:${port}`, async (redis) => {
        if (!(await redis.cluster('INFO')).includes('cluster_state:ok')) throw new Error('cluster_state is not ok');
        const ranges = (await redis.cluster('SLOTS')) as [number, number][];
        const known = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
        if (known !== slots) throw new Error(`only ${known} slots are served`);
      }),
    ),
  );
}

async function startNative(ports: readonly number[]): Promise<Running<RedisNode[]>> {
  const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
  const directory = await makeDirectory('redis-cluster');
  const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000'];
  const starting = await Promise.allSettled(ports.map((port) => startRedisServer(port, options)));
  const servers = starting.flatMap((server) => (server.status === 'fulfilled' ? [server.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    await removeDirectory(directory);
  };
  try {
    for (const server of starting) if (server.status === 'rejected') throw server.reason;
    const addresses = nodes.map(({ host, port }) => `${host}:${port}`);
    const create = [pathOf('redis-cli'), '--cluster', 'create', ...addresses, '--cluster-yes'] as [string, ...string[]];
    await runProcess('create', create, { directory });
    await until('Redis Cluster', () => probe(nodes));
    return { at: nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * All nodes run in one container with the published ports, so that the addresses they announce are valid inside and
 * outside.
 */
function inContainer(ports: readonly number[]): string {
  const start = ['redis-server', '--cluster-enabled', 'yes', '--protected-mode', 'no', ...withoutPersistence]
    .map((word) => `'${word}'`)
    .join(' ');
  return [
    `for port in ${ports.join(' ')}; do ${start} --port $port --cluster-config-file nodes-$port.conf & done`,
    `for port in ${ports.join(' ')}; do until redis-cli -p $port ping >/dev/null 2>&1; do sleep 0.1; done; done`,
    `redis-cli --cluster create ${ports.map((port) => `127.0.0.1:${port}`).join(' ')} --cluster-yes`,
    'wait',
  ].join('\n');
}

export const redisCluster: Broker<RedisNode[]> = {
  name: 'Redis Cluster',
  variable: 'REDIS_CLUSTER_NODES',
  parse: (value) =>
    value.split(',').map((node) => {
      const { hostname, port } = new URL(`redis://${node.trim()}`);
      return { host: hostname, port: Number(port || 6379) };
    }),
  probe,
  programs: () => ['redis-server', 'redis-cli'],
  native: () => onFreePorts(masters, startNative, { offset: busOffset }),
  image: 'redis:7.4-alpine',
  container: (docker) =>
    onFreePorts(
      masters,
      (ports) =>
        docker.run('redis:7.4-alpine', {
          command: ['sh', '-c', inContainer(ports)],
          ports: ports.map((port) => ({ container: port, host: port })),
          at: ({ host }) => ports.map((port) => ({ host, port })),
          probe,
        }),
      { offset: busOffset },
    ),
};
