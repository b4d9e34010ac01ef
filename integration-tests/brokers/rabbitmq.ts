import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Broker, Running } from './broker.ts';
import { makeDirectory, removeDirectory } from './leftovers.ts';
import { nativeServer, startProcess } from './native-process.ts';
import { onFreePorts } from './ports.ts';
import { probeAmqp } from './probes.ts';
import { pathOf } from './programs.ts';
import { until } from './wait.ts';

async function probePort(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

/** Isolates a node from any other on the machine: it neither reads nor writes the files of an installed one. */
function environment(directory: string, node: string, ports: { epmd: number; dist: number }): NodeJS.ProcessEnv {
  return {
    HOME: directory,
    RABBITMQ_CONF_ENV_FILE: join(directory, 'rabbitmq-env.conf'),
    RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(directory, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(directory, 'config'),
    RABBITMQ_PID_FILE: join(directory, 'rabbitmq.pid'),
    RABBITMQ_NODENAME: node,
    RABBITMQ_DIST_PORT: `${ports.dist}`,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_PORT: `${ports.epmd}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_CRASH_DUMP: '/dev/null',
  };
}

async function startNative(amqp: number, dist: number, epmdPort: number, management = 0): Promise<Running<string>> {
  const at = `amqp://guest:guest@127.0.0.1:${amqp}`;
  const name = `mqtrace-${randomBytes(6).toString('hex')}`;
  const directory = await makeDirectory('rabbitmq');
  const settings = [`listeners.tcp.local = 127.0.0.1:${amqp}`, `cluster_name = ${name}`, 'log.console = true'];
  if (management > 0) settings.push(`management.tcp.port = ${management}`, 'management.tcp.ip = 127.0.0.1');
  await writeFile(join(directory, 'enabled_plugins'), management > 0 ? '[rabbitmq_management].\n' : '[].\n');
  await writeFile(join(directory, 'rabbitmq.conf'), `${settings.join('\n')}\n`);
  const env = environment(directory, `${name}@localhost`, { epmd: epmdPort, dist });

  // RabbitMQ would start Erlang's port mapper as a daemon that outlives it: we start one that we can stop.
  const epmdArgs = ['-port', `${epmdPort}`, '-address', '127.0.0.1'];
  const epmd = startProcess('epmd', [pathOf('epmd'), ...epmdArgs], { directory, env });
  const stops = [epmd.stop];
  const stop = async (): Promise<void> => {
    for (const end of stops.reverse()) await end();
    await removeDirectory(directory);
  };
  try {
    await until("Erlang's port mapper", () => probePort(epmdPort), { check: epmd.assertRunning });
    epmd.assertRunning();
    const server = nativeServer(
      () => startProcess('rabbitmq', [pathOf('rabbitmq-server')], { directory, env }),
      (check) => until('RabbitMQ', () => probeAmqp(at, name), { check }),
    );
    stops.push(server.stop);
    await server.start();
    return { at, stop, restart: server.restart };
  } catch (error) {
    await stop();
    throw error;
  }
}

export const rabbitmq: Broker<string> = {
  name: 'RabbitMQ',
  variable: 'AMQP_URL',
  parse: (value) => value,
  probe: (at) => probeAmqp(at),
  programs: () => ['rabbitmq-server', 'epmd'],
  native: () => onFreePorts(3, ([amqp = 0, dist = 0, epmd = 0]) => startNative(amqp, dist, epmd)),
  image: 'rabbitmq:4-management',
  container: (docker) =>
    docker.run('rabbitmq:4-management', {
      ports: [5672],
      at: ({ host, port }) => `amqp://guest:guest@${host}:${port(5672)}`,
      probe: (at) => probeAmqp(at),
    }),
};

/** A RabbitMQ with its management API. */
export interface ManagedRabbitmq {
  readonly amqpUrl: string;
  readonly managementUrl: string;
}

export const managedRabbitmq: Broker<ManagedRabbitmq> = {
  name: 'RabbitMQ with its management API',
  variable: 'AMQP_MANAGEMENT_URLS',
  parse: (value) => {
    const [amqpUrl = '', managementUrl = ''] = value.split(',');
    return { amqpUrl, managementUrl };
  },
  probe: ({ amqpUrl }) => probeAmqp(amqpUrl),
  programs: () => rabbitmq.programs(),
  native: () =>
    onFreePorts(4, async ([amqp = 0, dist = 0, epmd = 0, management = 0]) => {
      const { at, ...running } = await startNative(amqp, dist, epmd, management);
      return { ...running, at: { amqpUrl: at, managementUrl: `http://127.0.0.1:${management}` } };
    }),
  image: rabbitmq.image,
  container: (docker) =>
    docker.run(rabbitmq.image, {
      ports: [5672, 15_672],
      at: ({ host, port }) => ({
        amqpUrl: `amqp://guest:guest@${host}:${port(5672)}`,
        managementUrl: `http://${host}:${port(15_672)}`,
      }),
      probe: ({ amqpUrl }) => probeAmqp(amqpUrl),
    }),
};
