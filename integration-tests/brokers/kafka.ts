import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Broker, Log, Running } from './broker.ts';
import { haveKafkaJars, kafkaClassPath, kafkaVersion } from './kafka-jars.ts';
import { makeDirectory, removeDirectory } from './leftovers.ts';
import { runProcess, startProcess } from './native-process.ts';
import { onFreePorts } from './ports.ts';
import { probeKafka } from './probes.ts';
import { pathOf } from './programs.ts';
import { until } from './wait.ts';

/** One node that is broker and controller, with the internal topics as small as they get. */
function settings(listeners: string, advertised: string, controller: string): Record<string, string> {
  return {
    'node.id': '1',
    'process.roles': 'broker,controller',
    'controller.quorum.voters': `1@${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners,
    'advertised.listeners': `PLAINTEXT://${advertised}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
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

async function startNative(port: number, controller: number, classPath: string): Promise<Running<string[]>> {
  const directory = await makeDirectory('kafka');
  const id = randomBytes(16).toString('base64url');
  const file = join(directory, 'server.properties');
  const listeners = `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`;
  const properties = settings(listeners, `127.0.0.1:${port}`, `127.0.0.1:${controller}`);
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
    const server = startProcess('kafka', [...run, 'kafka.Kafka', file], { directory });
    stops.push(server.stop);
    const brokers = [`127.0.0.1:${port}`];
    await until('Kafka', () => probeKafka(brokers, id), { check: server.assertRunning });
    return { at: brokers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function native(log: Log): Promise<Running<string[]>> {
  const classPath = await kafkaClassPath(log);
  return onFreePorts(2, ([port = 0, controller = 0]) => startNative(port, controller, classPath));
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
      // Kafka tells its clients where to find it, so the port outside must be known before it starts.
      const advertised = `${docker.host}:${port}`;
      const properties = settings('PLAINTEXT://:9092,CONTROLLER://:9093', advertised, 'localhost:9093');
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
