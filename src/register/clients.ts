// Lists the client files that mqtrace/register patches, and holds the options of each client.
import type { TraceAmqplibOptions } from '../amqplib/index.ts';
import { traceChannelWrapperClass } from '../amqp-connection-manager/classes.ts';
import { traceConnectionClass } from '../amqplib/classes.ts';
import { traceFlowProducerClass, traceQueueClass, traceWorkerClass } from '../bullmq/classes.ts';
import type { TraceBullmqOptions } from '../bullmq/index.ts';
import type { TraceRedisOptions } from '../ioredis/index.ts';
import { traceRedisClass } from '../ioredis/classes.ts';
import type { TraceKafkaOptions } from '../kafkajs/index.ts';
import { traceKafkaClass } from '../kafkajs/classes.ts';
import { asAutomatic } from '../messaging/index.ts';
import { traceRabbitClass } from '../rabbitmq-client/classes.ts';
import { tracePublicationModule } from '../rascal/publications.ts';
import { bullmqRedisFiles } from './bullmq-redis.ts';
import { type EsModuleFile, loadEsModules } from './es-modules.ts';
import { type Class, classFile, type PackageFile, watchFiles } from './module-loads.ts';

/** The options of each client's wrapper. */
export interface ClientOptions {
  readonly kafkajs: TraceKafkaOptions;
  readonly amqplib: TraceAmqplibOptions;
  readonly ioredis: TraceRedisOptions;
  readonly bullmq: TraceBullmqOptions;
  readonly 'rabbitmq-client': TraceAmqplibOptions;
}

export type ClientName = keyof ClientOptions;

export const clientNames: readonly ClientName[] = ['kafkajs', 'amqplib', 'ioredis', 'bullmq', 'rabbitmq-client'];

/** The options with which each client is traced; the last ones that were switched on apply. */
const switchedOn: { readonly [Name in ClientName]: ClientOptions[Name][] } = {
  kafkajs: [],
  amqplib: [],
  ioredis: [],
  bullmq: [],
  'rabbitmq-client': [],
};
const watched = new Set<ClientName>();

/**
 * Traces the clients that the application creates from now on.
 *
 * @returns a function after whose call new clients are not traced.
 */
export function switchOn<Name extends ClientName>(name: Name, options: ClientOptions[Name]): () => void {
  const entry = asAutomatic({ ...options });
  const entries: ClientOptions[Name][] = switchedOn[name];
  entries.push(entry);
  if (!watched.has(name)) {
    watched.add(name);
    watchFiles(files[name]);
    if (name === 'amqplib') loadEsModules([connectionManagerModule]);
  }
  return () => {
    const index = entries.indexOf(entry);
    if (index >= 0) entries.splice(index, 1);
  };
}

/** The class `Redis` of each copy of ioredis, by its folder. Instrumentations patch this class, not the Cluster. */
const nodeClasses = new Map<string, Class>();

/** The exported class: the default export or, in ioredis before version 5, the exports themselves. */
function classOf(exports: unknown): Class {
  return ((exports as { default?: Class }).default ?? exports) as Class;
}

function redisFile(path: string): PackageFile {
  return {
    name: 'ioredis',
    path,
    loaded(exports, root) {
      nodeClasses.set(root, classOf(exports));
      traceRedisClass(classOf(exports), () => switchedOn.ioredis.at(-1));
    },
  };
}

/** `import` of BullMQ loads these files too. Its other build is for bundlers. */
function bullmqFile(
  file: string,
  name: string,
  trace: (exported: Class, current: () => TraceBullmqOptions | undefined) => void,
): PackageFile {
  return classFile('bullmq', `dist/cjs/classes/${file}`, name, (exported) =>
    trace(exported, () => switchedOn.bullmq.at(-1)),
  );
}

function amqplibFile(path: string, name: string): PackageFile {
  return classFile('amqplib', path, name, (exported) =>
    traceConnectionClass(exported, () => switchedOn.amqplib.at(-1)),
  );
}

function traceConnectionManagers(exports: unknown): void {
  traceChannelWrapperClass(classOf(exports), () => switchedOn.amqplib.length > 0);
}

/** `import` of amqp-connection-manager loads other files of it than `require`. */
const connectionManagerModule: EsModuleFile = {
  name: 'amqp-connection-manager',
  main: 'dist/cjs/index.js',
  path: 'dist/esm/ChannelWrapper.js',
  loaded: traceConnectionManagers,
};

const files: { readonly [Name in ClientName]: readonly PackageFile[] } = {
  kafkajs: [
    {
      name: 'kafkajs',
      path: 'src/index.js',
      loaded: (exports) => traceKafkaClass(exports as Class, () => switchedOn.kafkajs.at(-1)),
    },
  ],
  amqplib: [
    amqplibFile('lib/channel_model.js', 'ChannelModel'),
    amqplibFile('lib/callback_model.js', 'CallbackModel'),
    { name: 'amqp-connection-manager', path: 'dist/cjs/ChannelWrapper.js', loaded: traceConnectionManagers },
    {
      name: 'rascal',
      path: 'lib/amqp/Publication.js',
      loaded: (exports) => tracePublicationModule(exports as object, () => switchedOn.amqplib.length > 0),
    },
  ],
  ioredis: [
    ...['built/Redis.js', 'built/redis/index.js', 'built/redis.js'].map(redisFile),
    {
      name: 'ioredis',
      path: 'built/cluster/index.js',
      loaded: (exports, root) =>
        traceRedisClass(
          classOf(exports),
          () => switchedOn.ioredis.at(-1),
          () => nodeClasses.get(root),
        ),
    },
    ...bullmqRedisFiles,
  ],
  bullmq: [
    bullmqFile('queue-base.js', 'QueueBase', traceQueueClass),
    bullmqFile('worker.js', 'Worker', traceWorkerClass),
    bullmqFile('flow-producer.js', 'FlowProducer', traceFlowProducerClass),
  ],
  'rabbitmq-client': [
    classFile('rabbitmq-client', 'lib/Connection.js', 'Connection', (exported) =>
      traceRabbitClass(exported, () => switchedOn['rabbitmq-client'].at(-1)),
    ),
  ],
};
