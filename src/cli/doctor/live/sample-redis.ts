// Reads the newest entries of a Redis stream, without writing anything.
import { MqtraceError } from '../../../common/errors.ts';
import { projectClient } from './project-client.ts';
import { abortable, type LiveOptions, type Sample, type Samples } from './sample.ts';

export interface RedisOptions extends LiveOptions {
  url: string;
  stream: string;
}

/** The parts of ioredis that are used. */
interface RedisClient {
  on(event: 'error', listener: () => void): void;
  type(key: string): Promise<string>;
  xrevrange(key: string, end: string, start: string, count: 'COUNT', value: number): Promise<[string, string[]][]>;
  disconnect(): void;
}
interface RedisModule {
  new (url: string, options: object): RedisClient;
  Cluster: new (nodes: string[], options: object) => RedisClient;
}

const connection = { maxRetriesPerRequest: 1, retryStrategy: () => null, connectTimeout: 5000 };

/** @throws MqtraceError if the stream does not exist or the server does not respond. */
export async function sampleRedis(options: RedisOptions): Promise<Samples> {
  const loaded = projectClient(options.project, 'ioredis') as RedisModule & { default?: RedisModule };
  const Redis = loaded.default ?? loaded;
  try {
    return await read(new Redis(options.url, connection), options);
  } catch (error) {
    // The given node of a cluster does not have the stream; another one does.
    if (!(error instanceof Error && error.message.startsWith('MOVED '))) throw failure(error, options);
    const cluster = new Redis.Cluster([options.url], { redisOptions: connection, clusterRetryStrategy: () => null });
    return await read(cluster, options).catch((reason: unknown) => {
      throw failure(reason, options);
    });
  }
}

async function read(redis: RedisClient, { stream, count, signal }: RedisOptions): Promise<Samples> {
  redis.on('error', () => {});
  try {
    const type = await abortable(redis.type(stream), signal);
    if (type !== 'stream')
      throw new MqtraceError(
        'INVALID_OPTION',
        `--stream: ${JSON.stringify(stream)} ${type === 'none' ? 'does not exist' : `is a ${type}, not a stream`}.`,
      );
    const entries = await abortable(redis.xrevrange(stream, '+', '-', 'COUNT', count), signal);
    const samples = entries.map(([id, fields]): Sample => {
      const time = Number(id.split('-')[0]);
      const bytes = fields.reduce((sum, field) => sum + Buffer.byteLength(field), 0);
      return { at: `entry ${id}`, message: [id, fields], time: time > 1e12 ? time : undefined, bytes };
    });
    return { system: 'redis', destination: stream, samples, limit: undefined };
  } finally {
    redis.disconnect();
  }
}

function failure(error: unknown, { url, signal }: RedisOptions): unknown {
  if (error instanceof MqtraceError || signal.aborted) return error;
  const host = URL.canParse(url) ? new URL(url).host : url;
  return new MqtraceError(
    'INVALID_STATE',
    `--redis ${host}: ${error instanceof Error ? error.message : String(error)}`,
    {
      cause: error,
    },
  );
}
