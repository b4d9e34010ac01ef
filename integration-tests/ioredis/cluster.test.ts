import { Cluster, type NatMap } from 'ioredis';
import { consumeStream, processMessage, type StreamMessage, traceRedis } from 'mqtrace/ioredis';
import { mqtraceMetrics } from 'mqtrace/metrics';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RedisNode, startRedisCluster } from '../brokers/index.ts';
import { uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, type Recording, recordSpans, underSpan } from '../../test-support/spans.ts';
import { type CuttingProxy, cuttingProxy } from './cutting-proxy.ts';
import { endAfterwards } from './setup.ts';

describe('a Cluster', () => {
  let nodes: RedisNode[];
  let stop = (): Promise<void> => Promise.resolve();
  beforeAll(async () => {
    ({ nodes, stop } = await startRedisCluster());
  });
  afterAll(() => stop());

  function tracedCluster(options: { keyPrefix?: string; enableAutoPipelining?: boolean; lazyConnect?: boolean } = {}): {
    cluster: Cluster;
    recording: Recording;
  } {
    const recording = recordSpans();
    const cluster = endAfterwards(new Cluster(nodes, options));
    return { cluster: traceRedis(cluster, { tracerProvider: recording.tracerProvider }), recording };
  }

  it('carries messages on each of its nodes', async () => {
    const { cluster, recording } = tracedCluster();
    const streams = Array.from({ length: 9 }, () => uniqueName('orders'));
    for (const stream of streams) {
      const id = await cluster.xadd(stream, '*', 'a', 'b');
      await cluster.xgroup('CREATE', stream, 'g', '0');
      const [[, [entry]]] = (await cluster.xreadgroup('GROUP', 'g', 'one', 'STREAMS', stream, '>')) as [
        [string, [[string, string[]]]],
      ];
      expect(entry).toStrictEqual([id, ['a', 'b']]);
      await processMessage(entry, () => cluster.xack(stream, 'g', entry[0]));
      const send = recording.span(`xadd ${stream}`);
      for (const name of ['xreadgroup', 'process', 'xack']) {
        expect(linked(recording.span(`${name} ${stream}`))).toStrictEqual([idOf(send)]);
      }
      expect(send.attributes['server.address']).toBeUndefined();
    }
    expect(recording.open()).toStrictEqual([]);
  });

  const modes: { keyPrefix?: string; enableAutoPipelining?: boolean; lazyConnect?: boolean }[] = [
    { keyPrefix: 'app:' },
    { enableAutoPipelining: true },
    { lazyConnect: true, enableAutoPipelining: true },
  ];
  it.each(modes)('uses the context of each call with %o, also before the client is ready', async (options) => {
    const { cluster, recording } = tracedCluster(options);
    const stream = uniqueName('orders');
    await Promise.all(
      ['one', 'two'].map((name) =>
        underSpan(recording, async (app) => {
          await cluster.xadd(stream, '*', 'name', name);
          expect(recording.spans().map((span) => span.parentSpanContext?.spanId)).toContain(app.spanId);
        }),
      ),
    );
    const [[name, entries]] = (await cluster.xread('STREAMS', stream, '0')) as [[string, unknown[]]];
    expect(name).toBe(`${options.keyPrefix ?? ''}${stream}`);
    expect(entries).toHaveLength(2);
    expect(recording.span(`xread ${name}`).links).toHaveLength(2);
    expect(recording.open()).toStrictEqual([]);
  });

  it('a message or pipeline that is redirected to another node is one operation', async () => {
    const { cluster, recording } = tracedCluster();
    const stream = `{${uniqueName('orders')}}`;
    await cluster.xadd(stream, '1-1', 'a', 'b');
    recording.clear();
    const moved = misdirect(cluster, stream);
    await cluster.xadd(stream, '1-2', 'a', 'b');
    expect(moved()).toBe(true);
    expect(recording.span(`xadd ${stream}`).attributes['error.type']).toBeUndefined();
    recording.clear();

    const movedAgain = misdirect(cluster, stream);
    const results = await cluster
      .pipeline()
      .xadd(stream, '1-3', 'a', 'b')
      .xlen(stream)
      .xread('STREAMS', stream, '1-1')
      .exec();
    expect(movedAgain()).toBe(true);
    expect(results).toStrictEqual([
      [null, '1-3'],
      [null, 3],
      [
        null,
        [
          [
            stream,
            [
              ['1-2', ['a', 'b']],
              ['1-3', ['a', 'b']],
            ],
          ],
        ],
      ],
    ]);
    const send = recording.span(`xadd ${stream}`);
    expect(send.attributes).toMatchObject({ 'messaging.message.id': '1-3' });
    expect(send.attributes['error.type']).toBeUndefined();
    expect(linked(recording.span(`xread ${stream}`))).toContain(idOf(send));
    recording.clear();

    const movedFailing = misdirect(cluster, stream);
    const partly = await cluster.pipeline().xadd(stream, '1-1', 'a', 'b').xadd(stream, 'WHAT', '*', 'a', 'b').exec();
    expect(movedFailing()).toBe(true);
    expect(partly).toMatchObject([
      [{ message: expect.stringContaining('equal or smaller') }],
      [{ message: expect.stringContaining('ERR') }],
    ]);
    expect(recording.spans().map((span) => span.attributes['error.type'])).toStrictEqual(['ERR', 'ERR']);
    recording.clear();

    const movedOnce = misdirect(cluster, stream);
    expect(await cluster.multi().xadd(stream, '1-4', 'a', 'b').xadd(stream, '1-1', 'a', 'b').exec()).toMatchObject([
      [null, '1-4'],
      [{ message: expect.stringContaining('equal or smaller') }],
    ]);
    expect(movedOnce()).toBe(true);
    expect(recording.spans().map((span) => span.attributes['error.type'])).toStrictEqual(['ERR', undefined]);
    expect(recording.open()).toStrictEqual([]);
  });

  it('consumes, and stops while waiting', async () => {
    const { cluster, recording } = tracedCluster();
    const stream = uniqueName('orders');
    await cluster.xadd(stream, '*', 'a', 'b');
    const errors: unknown[] = [];
    let consumer: ReturnType<typeof consumeStream> | undefined;
    const message = await new Promise<StreamMessage>((resolve) => {
      const onError = (error: unknown): unknown => errors.push(error);
      consumer = consumeStream(cluster, { streams: stream, group: 'g', blockMs: 60_000, onError }, resolve);
    });
    expect(message).toMatchObject({ stream, fields: { a: 'b' }, deliveryAttempt: 1 });
    await consumer?.stop();
    await consumer?.done;
    const [pending] = await cluster.xpending(stream, 'g');
    expect(pending).toBe(0);
    expect(errors).toStrictEqual([]);
    expect(linked(recording.span(`process ${stream}`))).toStrictEqual([idOf(recording.span(`xadd ${stream}`))]);
    expect(recording.open()).toStrictEqual([]);
  });

  /** A proxy in front of each node, and the options of a Cluster that connects through them. */
  async function behindProxies(): Promise<{ proxies: CuttingProxy[]; natMap: NatMap }> {
    const proxies = await Promise.all(nodes.map(({ host, port }) => cuttingProxy(`redis://${host}:${port}`)));
    const natMap = Object.fromEntries(
      nodes.map(({ host, port }, at) => [`${host}:${port}`, { host: '127.0.0.1', port: proxies[at]!.port }]),
    );
    return { proxies, natMap };
  }

  it('a consumer that loses a reply handles its entries before later ones', async () => {
    const { proxies, natMap } = await behindProxies();
    try {
      const cluster = traceRedis(endAfterwards(new Cluster(nodes, { natMap })));
      const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
      const handled: string[] = [];
      const consumer = consumeStream(
        cluster,
        { streams: stream, group, minIdleMs: Infinity, blockMs: 60_000, onError: () => {} },
        ({ id }) => handled.push(id),
      );
      const writer = endAfterwards(new Cluster(nodes));
      await writer.xadd(stream, '1-1', 'n', '1');
      await vi.waitFor(() => expect(handled).toStrictEqual(['1-1']));
      const cut = Promise.race(proxies.map((proxy) => proxy.cutAt('marker')));
      await writer.xadd(stream, '1-2', 'n', 'marker');
      await cut;
      await writer.xadd(stream, '1-3', 'n', '3');
      await vi.waitFor(() => expect(handled).toStrictEqual(['1-1', '1-2', '1-3']), 5000);
      await consumer.stop();
    } finally {
      for (const proxy of proxies) proxy.close();
    }
  });

  it('pollLag: the groups of streams on each node have their lag', async () => {
    const metrics = mqtraceMetrics();
    const cluster = traceRedis(endAfterwards(new Cluster(nodes)), { pollLag: true });
    const streams = Array.from({ length: 9 }, () => uniqueName('orders'));
    for (const [at, stream] of streams.entries()) {
      await cluster.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
      for (let n = 0; n <= at; n++) await cluster.xadd(stream, '*', 'n', `${n}`);
      await cluster.xreadgroup('GROUP', 'g', 'c', 'COUNT', 1, 'STREAMS', stream, '>');
    }
    const { scopeMetrics } = (await metrics.collect()).resourceMetrics;
    const told = (name: string): unknown[] => {
      const found = scopeMetrics.flatMap((scope) => scope.metrics).find(({ descriptor }) => descriptor.name === name);
      const points = (found?.dataPoints ?? []).map(
        ({ attributes, value }) => [attributes['messaging.destination.name'], value] as const,
      );
      return streams.map((stream) => new Map(points).get(stream));
    };
    expect(told('mqtrace.consumer.lag')).toEqual(streams.map((_, at) => at));
    expect(told('mqtrace.consumer.pending')).toEqual(streams.map(() => 1));
  });

  it.each([0, 20, 90, 150, 300])('a consumer stops %d ms after it has lost every node', async (ms) => {
    const { proxies, natMap } = await behindProxies();
    const cluster = traceRedis(endAfterwards(new Cluster(nodes, { natMap, clusterRetryStrategy: () => 600_000 })));
    const stream = uniqueName('orders');
    const handled: string[] = [];
    const consumer = consumeStream(
      cluster,
      { streams: stream, group: 'g', blockMs: 600_000, onError: () => {} },
      ({ id }) => handled.push(id),
    );
    await endAfterwards(new Cluster(nodes)).xadd(stream, '1-1', 'n', '1');
    await vi.waitFor(() => expect(handled).toStrictEqual(['1-1']));
    for (const proxy of proxies) proxy.close();
    await new Promise((resolve) => setTimeout(resolve, ms));
    await consumer.stop();
  });
});

/** Makes the client believe that another node has the stream's slot; returns whether this has been corrected since. */
function misdirect(cluster: Cluster, stream: string): () => boolean {
  const { slots, _groupsBySlot: groups } = cluster as unknown as { slots: string[][]; _groupsBySlot: number[] };
  const slot = Number(keySlot(stream));
  const right = slots[slot]!;
  const wrongSlot = slots.findIndex((nodes) => nodes[0] !== right[0]);
  slots[slot] = [...slots[wrongSlot]!];
  groups[slot] = groups[wrongSlot]!;
  const [wrong] = slots[slot];
  return () => (cluster as unknown as { slots: string[][] }).slots[slot]![0] !== wrong;
}

/** Redis' CRC16 of the part of a key that determines its slot. */
function keySlot(key: string): number {
  const tagged = /\{(.+?)\}/.exec(key)?.[1] ?? key;
  let crc = 0;
  for (const byte of Buffer.from(tagged)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % 16_384;
}
