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

/** A client of the suite's Redis, as an application without mqtrace has it. */
export function rawRedis(options: RedisOptions = {}): Redis {
  return endAfterwards(new Redis(inject('redisUrl'), options as RedisOptions & { replyMapping?: 'legacy' }));
}

/** A traced client and what it records. */
export function tracedRedis(
  options: RedisOptions = {},
  { recording = recordSpans(), ...traceOptions }: TraceRedisOptions & { recording?: Recording } = {},
): { redis: Redis; recording: Recording } {
  const redis = rawRedis(options);
  return { redis: traceRedis(redis, { tracerProvider: recording.tracerProvider, ...traceOptions }), recording };
}

/** Where the suite's Redis is, as the attributes of each span have it. */
export function serverAttributes(): { 'server.address': string; 'server.port': number } {
  const url = new URL(inject('redisUrl'));
  return { 'server.address': url.hostname, 'server.port': Number(url.port) };
}
