import { once } from 'node:events';
import { Redis, type RedisOptions } from 'ioredis';
import { type TraceRedisOptions, traceRedis } from 'mqtrace/ioredis';
import { afterEach, inject } from 'vitest';
import { type Recording, recordSpans } from '../../test-support/spans.ts';

const clients: { disconnect(): void }[] = [];

/** Ends a client after its test. */
export function endAfterwards<C extends { disconnect(): void }>(client: C): C {
  clients.push(client);
  return client;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

/** An untraced client of the suite's Redis. */
export function rawRedis(options: RedisOptions = {}): Redis {
  return endAfterwards(new Redis(inject('redisUrl'), options as RedisOptions & { replyMapping?: 'legacy' }));
}

/** The fields of all entries of a stream, as they are stored. */
export async function fieldsIn(stream: string): Promise<unknown[]> {
  return (await rawRedis().xrange(stream, '-', '+')).map(([, fields]) => fields);
}

/** Ends a client's connection from the server's side, and waits until the client has noticed. */
export async function cut(redis: Redis, connection?: number): Promise<void> {
  const id = connection ?? (await redis.client('ID'));
  const closed = once(redis, 'close');
  await rawRedis().client('KILL', 'ID', id);
  await closed;
}

/** A traced client and its recorded spans. */
export function tracedRedis(
  options: RedisOptions = {},
  { recording = recordSpans(), ...traceOptions }: TraceRedisOptions & { recording?: Recording } = {},
): { redis: Redis; recording: Recording } {
  const redis = rawRedis(options);
  return { redis: traceRedis(redis, { tracerProvider: recording.tracerProvider, ...traceOptions }), recording };
}

/** The address of the suite's Redis, as attributes. */
export function serverAttributes(): { 'server.address': string; 'server.port': number } {
  const url = new URL(inject('redisUrl'));
  return { 'server.address': url.hostname, 'server.port': Number(url.port) };
}
