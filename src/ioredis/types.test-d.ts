import { Cluster, Redis } from 'ioredis';
import { expectTypeOf, it } from 'vitest';
import { processMessage, traceRedis } from './index.ts';

it('returns the client’s own type', () => {
  const redis = new Redis({ lazyConnect: true });
  expectTypeOf(traceRedis(redis)).toEqualTypeOf<Redis>();
  const mapped = new Redis({ lazyConnect: true, protocol: 3, replyMapping: 'resp3' });
  expectTypeOf(traceRedis(mapped, { hideFields: false })).toEqualTypeOf(mapped);
  const cluster = new Cluster([], { lazyConnect: true });
  expectTypeOf(traceRedis(cluster)).toEqualTypeOf<Cluster>();
  // @ts-expect-error -- a pipeline is not a client
  traceRedis(redis.pipeline());
  // @ts-expect-error -- no such option
  traceRedis(redis, { hidefields: true });
});

it('accepts entries with the types of ioredis, and returns the result of the handler', () => {
  const entry = ['1-1', ['a', 'b']] as [id: string, fields: string[]];
  expectTypeOf(processMessage(entry, () => 1)).toEqualTypeOf<number>();
  expectTypeOf(processMessage(entry, async ([id]) => id)).toEqualTypeOf<Promise<string>>();
  const trimmed: [id: Buffer, fields: Buffer[] | null] = [Buffer.from('1-1'), null];
  expectTypeOf(processMessage(trimmed, ([, fields]) => fields)).toEqualTypeOf<Buffer[] | null>();
});
