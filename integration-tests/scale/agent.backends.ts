// A Collector beside the service, docs/collector/agent.yaml: it passes everything on, also after it was killed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { traceRedis } from 'mqtrace/ioredis';
import { startTracing } from 'mqtrace/sdk';
import { expect, inject, onTestFinished, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { until } from '../brokers/wait.ts';
import { query } from '../prometheus/server.ts';
import { keptTraces, valueOf } from './kept.ts';
import { kill, start } from './stack.ts';

const stack = inject('scale');

test.skipIf(stack === undefined)('killed and started again, it loses nothing, and has the metrics', async () => {
  const { agent, jaeger, prometheus } = stack!;
  const spool = mkdtempSync(join(tmpdir(), 'mqtrace-scale-'));
  onTestFinished(() => rmSync(spool, { recursive: true, force: true }));
  const serviceName = uniqueName('orders');
  const tracing = startTracing({
    serviceName,
    environment: 'ignore',
    metrics: { intervalMs: 1000 },
    export: { endpoint: agent, compression: 'gzip', intervalMs: 100, spool: { directory: spool } },
  });
  const redis = traceRedis(new Redis(inject('redisUrl')));
  const stream = uniqueName('orders');
  const traceIds: string[] = [];
  for (let n = 0; n < 300; n++) {
    await tracing.span('order', async (span) => {
      traceIds.push(span.spanContext().traceId);
      await redis.xadd(stream, '*', 'n', String(n));
    });
    if (n === 100) await kill('agent');
    if (n === 200) await start('agent');
    await sleep(10);
  }
  await redis.del(stream);
  redis.disconnect();
  // By now the metrics of the end are there.
  const sent = `messaging_client_sent_messages_total{job="${serviceName}"}`;
  await until('the metrics', async () => expect(await valueOf(prometheus, sent)).toBe(300), { timeoutMs: 60_000 });
  expect(await tracing.shutdown()).toMatchObject({ dropped: 0, left: 0 });
  const kept = await until('all traces', async () => {
    const found = await keptTraces(jaeger, traceIds);
    expect([...found.values()].filter(({ shape }) => shape.length === 2)).toHaveLength(300);
    return found;
  });
  const repeated = [...kept.values()].reduce((sum, trace) => sum + trace.repeated, 0);
  console.log(`agent killed: 600 spans, 0 lost, ${repeated} twice`);
});

interface Rules {
  readonly data: { readonly groups: { readonly rules: { name: string; health: string; state: string }[] }[] };
}

test.skipIf(stack === undefined)(
  'Prometheus evaluates every alert on spans and Collectors, and knows their metrics',
  async () => {
    const { prometheus } = stack!;
    const text = readFileSync(new URL('../../docs/collector/alerts.yml', import.meta.url), 'utf8');
    const names = [...text.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    await until('the rules', async () => {
      const { data } = (await (await fetch(`${prometheus}/api/v1/rules`)).json()) as Rules;
      const rules = data.groups.flatMap((group) => group.rules);
      const found = rules.map(({ name, health }) => `${name} ${health}`);
      // Prometheus sorts the groups by their names.
      expect(found.toSorted()).toEqual(names.map((name) => `${name} ok`).toSorted());
    });
    const metrics = text.match(/\botelcol_\w+/g) ?? [];
    expect(metrics).toHaveLength(4);
    const missing: string[] = [];
    for (const name of metrics) if ((await query(prometheus, name)).length === 0) missing.push(name);
    // A Collector has it from the first span that it refuses on.
    expect(missing.filter((name) => name !== 'otelcol_receiver_refused_spans')).toEqual([]);
  },
);
