// Kills and stops Collectors of the profile `scale`: no trace is lost, or it is counted.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { until } from '../brokers/wait.ts';
import { type Kept, keptTraces } from './kept.ts';
import { type Order, type Pipeline, type Sent, startPipeline } from './pipeline.ts';
import { kill, start, stop } from './stack.ts';

const stack = inject('scale');

/** Sixty seconds are more than Collectors, gateways and services wait before they repeat a request. */
const patience = { timeoutMs: 120_000 };

/** A trace of an order that fails in every service: each part of it is kept, also if it is decided on alone. */
const spansOfTrace = 8 + 3;

describe.skipIf(stack === undefined)('traces while Collectors end and come back', () => {
  const { gateways, jaeger } = stack ?? { gateways: ['', ''] as const, jaeger: '' };
  const spool = mkdtempSync(join(tmpdir(), 'mqtrace-scale-'));
  let pipeline: Pipeline;
  let next = 0;

  beforeAll(async () => {
    const at = { kafka: inject('kafkaBrokers'), amqp: inject('amqpUrl'), redis: inject('redisUrl'), gateways };
    pipeline = await startPipeline(at, spool);
  });
  afterEach(async () => {
    for (const service of ['gateway-1', 'sampler-1', 'jaeger'] as const) await start(service);
  });
  afterAll(async () => {
    await pipeline.stop();
    rmSync(spool, { recursive: true, force: true });
  });

  const orders = (count: number): Order[] => Array.from({ length: count }, () => ({ id: next++, fails: 'everywhere' }));
  const fetchKept = (sent: readonly Sent[]): Promise<Map<string, Kept>> =>
    keptTraces(
      jaeger,
      sent.map(({ traceId }) => traceId),
    );
  const spansOf = (kept: Map<string, Kept>): number =>
    [...kept.values()].reduce((sum, { shape }) => sum + shape.length, 0);
  const repeatedIn = (kept: Map<string, Kept>): number =>
    [...kept.values()].reduce((sum, { repeated }) => sum + repeated, 0);

  /** Waits until Jaeger has every span of these traces. */
  async function expectAll(sent: readonly Sent[]): Promise<Map<string, Kept>> {
    const expected = sent.length * spansOfTrace;
    return until(
      `${expected} spans`,
      async () => {
        const kept = await fetchKept(sent);
        const found = spansOf(kept);
        if (found !== expected) throw new Error(`${found} spans`);
        return kept;
      },
      patience,
    );
  }

  test('a gateway is killed and started again under way: nothing is lost, and what comes twice is counted', async () => {
    const running = pipeline.run(orders(400), { everyMs: 15 });
    await sleep(2000);
    await kill('gateway-1');
    await sleep(1500);
    await start('gateway-1');
    const sent = await running;
    const { dropped, left } = await pipeline.flush();
    expect({ dropped, left }).toEqual({ dropped: 0, left: 0 });
    const repeated = repeatedIn(await expectAll(sent));
    console.log(`gateway killed: ${sent.length * spansOfTrace} spans, 0 lost, ${repeated} twice`);
    // A request is repeated as a whole: of the two services behind this gateway, at most what was under way.
    expect(repeated).toBeLessThan(sent.length * spansOfTrace);
  });

  test('a sampling Collector that is stopped decides on what it has, and sends it when it is back: nothing is lost', async () => {
    const sent = await pipeline.run(orders(200));
    await pipeline.flush();
    // Sooner than the decision wait.
    await sleep(2000);
    await stop('sampler-1');
    // The traces that it decided on are in its queue file.
    await start('sampler-1');
    const repeated = repeatedIn(await expectAll(sent));
    console.log(`sampling Collector stopped: ${sent.length * spansOfTrace} spans, 0 lost, ${repeated} twice`);
    expect(repeated).toBe(0);
  });

  test('while Jaeger is away, the sampling Collectors keep what they have decided on', async () => {
    await stop('jaeger');
    const sent = await pipeline.run(orders(50));
    await pipeline.flush();
    // The decision wait.
    await sleep(15_000);
    await start('jaeger');
    expect((await expectAll(sent)).size).toBe(50);
  });

  test('one that is killed loses at most the traces of its decision wait', async () => {
    const earlier = await pipeline.run(orders(100));
    await pipeline.flush();
    // Decided on, written to the queue file, and sent.
    await expectAll(earlier);
    const waiting = await pipeline.run(orders(100));
    await pipeline.flush();
    await sleep(2000);
    await kill('sampler-1');
    await start('sampler-1');
    await sleep(15_000);
    expect(spansOf(await fetchKept(earlier))).toBe(earlier.length * spansOfTrace);
    const kept = await fetchKept(waiting);
    const lost = waiting.filter(({ traceId }) => !kept.has(traceId));
    console.log(`sampling Collector killed: ${lost.length} of ${waiting.length} waiting traces lost`);
    // About a half of them waited in this one; those of the other are whole.
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThan(waiting.length);
    expect(spansOf(kept)).toBe((waiting.length - lost.length) * spansOfTrace);
    // Later traces are kept as before.
    const later = await pipeline.run(orders(50));
    await pipeline.flush();
    await expectAll(later);
  });
});
