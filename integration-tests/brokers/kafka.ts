import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Broker, Log, Running } from './broker.ts';
import { haveKafkaJars, kafkaClassPath, kafkaVersion } from './kafka-jars.ts';
import { makeDirectory, removeDirectory } from './leftovers.ts';
import { nativeServer, runProcess, startProcess } from './native-process.ts';
import { onFreePorts } from './ports.ts';
import { probeKafka } from './probes.ts';
import { pathOf } from './programs.ts';
import { until } from './wait.ts';

/** The ports of one node: for clients, for itself as a broker, and as a controller. */
interface Listeners {
  readonly clients: string;
  /** The address that is advertised to clients. */
  readonly advertised: string;
  readonly internal: string;
  readonly controller: string;
}

/** One node that is broker and controller, with internal topics of minimal size. */
function settings({ clients, advertised, internal, controller }: Listeners): Record<string, string> {
  return {
    'node.id': '1',
    'process.roles': 'broker,controller',
    'controller.quorum.voters': `1@${controller}`,
    'controller.listener.names': 'CONTROLLER',
    // A broker connects to its transaction coordinator over the network, even if that is itself; the advertised address
    // may not be reachable from within its container.
    'inter.broker.listener.name': 'INTERNAL',
    listeners: `CLIENTS://${clients},INTERNAL://${internal},CONTROLLER://${controller}`,
    'advertised.listeners': `CLIENTS://${advertised},INTERNAL://${internal}`,
    'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'num.partitions': '1',
    'default.replication.factor': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
  };
}

const java = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

async function startNative(ports: readonly number[], classPath: string): Promise<Running<string[]>> {
  const directory = await makeDirectory('kafka');
  // The tool that formats the directory takes an id that begins with a hyphen for an option.
  const id = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const file = join(directory, 'server.properties');
  const [clients = '', internal = '', controller = ''] = ports.map((port) => `127.0.0.1:${port}`);
  const properties = settings({ clients, advertised: clients, internal, controller });
  properties['log.dirs'] = join(directory, 'data');
  await writeFile(
    file,
    Object.entries(properties).map((entry) => `${entry.join('=')}\n`),
  );

  const run = [pathOf('java'), ...java, '-cp', classPath] as [string, ...string[]];
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops) await end();
    await removeDirectory(directory);
  };
  try {
    await runProcess('format', [...run, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', file], { directory });
    const brokers = [clients];
    const server = nativeServer(
      () => startProcess('kafka', [...run, 'kafka.Kafka', file], { directory }),
      (check) => until('Kafka', () => probeKafka(brokers, id), { check }),
    );
    stops.push(server.stop);
    await server.start();
    return { at: brokers, stop, restart: server.restart };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function native(log: Log): Promise<Running<string[]>> {
  const classPath = await kafkaClassPath(log);
  return onFreePorts(3, (ports) => startNative(ports, classPath));
}

const image = `apache/kafka:${kafkaVersion}`;

export const kafka: Broker<string[]> = {
  name: 'Kafka',
  variable: 'KAFKA_BROKERS',
  parse: (value) => value.split(',').map((broker) => broker.trim()),
  probe: (at) => probeKafka(at),
  programs: () => (haveKafkaJars() ? ['java'] : ['java', 'mvn']),
  native,
  image,
  container: (docker) =>
    onFreePorts(1, async ([port = 0]) => {
      // Kafka advertises its address to clients, so the published port must be known before it starts.
      const advertised = `${docker.host}:${port}`;
      const properties = settings({
        clients: ':9092',
        advertised,
        internal: 'localhost:19092',
        controller: 'localhost:9093',
      });
      const environment = Object.entries(properties).map(([key, value]) => [
        `KAFKA_${key.replaceAll('.', '_').toUpperCase()}`,
        value,
      ]);
      return docker.run(image, {
        environment: Object.fromEntries(environment) as Record<string, string>,
        ports: [{ container: 9092, host: port }],
        at: () => [advertised],
        probe: (at) => probeKafka(at),
      });
    }),
};
