// Whole traces of a pipeline over three brokers, kept by the sampling Collectors of the profile `scale`, and their service graph.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { referenceKeeps, referenceThreshold } from '../../src/sampling/testing/otep-235.ts';
import { until } from '../brokers/wait.ts';
import { query } from '../prometheus/server.ts';
import { allDecided, type Kept, keptTraces } from './kept.ts';
import { type Order, type Pipeline, type Sent, startPipeline } from './pipeline.ts';

const stack = inject('scale');

/** The share that sampler.yaml keeps of the rest. */
const share = referenceThreshold(0.05);

/** The spans of each order. */
const whole = [
  'billing consumer process orders',
  'billing producer publish invoices',
  'notify client xack parcels',
  'notify consumer process parcels',
  'shipping client ack invoices',
  'shipping consumer process invoices',
  'shipping producer xadd parcels',
  'shop producer send orders',
  'shop server GET /orders',
];

describe.skipIf(stack === undefined)('a thousand orders through four services and three brokers', () => {
  const { gateways, jaeger, prometheus } = stack ?? { gateways: ['', ''] as const, jaeger: '', prometheus: '' };
  const spool = mkdtempSync(join(tmpdir(), 'mqtrace-scale-'));
  let pipeline: Pipeline;
  let sent: Sent[] = [];
  let exported: object = {};
  let kept = new Map<string, Kept>();

  beforeAll(async () => {
    const at = { kafka: inject('kafkaBrokers'), amqp: inject('amqpUrl'), redis: inject('redisUrl'), gateways };
    pipeline = await startPipeline(at, spool);
    const orders = Array.from({ length: 1000 }, (_, id): Order => {
      return { id, ...(id % 50 === 7 && { fails: 'last' }), ...(id % 50 === 31 && { waits: true }) };
    });
    sent = await pipeline.run(orders);
    exported = await pipeline.stop();
    await allDecided(prometheus);
    kept = await keptTraces(
      jaeger,
      sent.map(({ traceId }) => traceId),
    );
  });
  afterAll(() => rmSync(spool, { recursive: true, force: true }));

  /** Messages that waited for long on a busy machine: whether a policy keeps them is not known here. */
  const isUncertain = ({ order, longestWait, total }: Sent): boolean =>
    !order.waits && (longestWait >= 1 || total >= 5);

  test('those that failed or waited for longer than a second, and the share of the rest: these and no others', () => {
    expect(exported).toEqual({ dropped: 0, exportErrors: 0 });
    const reasons = sent.filter(({ order }) => order.fails !== undefined || order.waits);
    expect(reasons).toHaveLength(40);
    const rest = sent.filter(({ order }) => order.fails === undefined && !order.waits);
    const certain = rest.filter((one) => !isUncertain(one));
    // The share is a random number of traces, which are known by their ids.
    const inShare = certain.filter(({ traceId }) => referenceKeeps(traceId, share));
    const expected = [...reasons, ...inShare].map(({ traceId }) => traceId);
    const known = new Set([...reasons, ...certain].map(({ traceId }) => traceId));
    expect([...kept.keys()].filter((traceId) => known.has(traceId)).toSorted()).toEqual(expected.toSorted());
    expect(certain.length).toBeGreaterThan(500);
  });

  test('each of them is whole', () => {
    for (const { order, traceId } of sent) {
      const trace = kept.get(traceId);
      if (trace === undefined) continue;
      const expected = order.fails ? whole.filter((span) => !span.startsWith('notify client xack')) : whole;
      const shape = trace.shape.map((span) => span.replace(/late\d+/, 'invoices'));
      expect([traceId, trace.repeated, shape]).toEqual([traceId, 0, expected]);
    }
  });

  test('the threshold of a trace that was kept for a reason is 0; of the rest it is that of the share', () => {
    for (const one of sent) {
      const trace = kept.get(one.traceId);
      if (trace === undefined || isUncertain(one)) continue;
      const states = new Set(trace.spans.map(({ traceState }) => traceState));
      const hasReason = one.order.fails !== undefined || one.order.waits === true;
      // The Collector writes 14 digits, the reference 4 after the leading f's.
      expect([...states]).toEqual([expect.stringMatching(hasReason ? /^ot=th:0$/ : /^ot=th:f33333/)]);
    }
  });

  test('the service graph has every edge and its broker, nothing unknown, and a user before the first service only', async () => {
    // The ends of edges without another end wait for it: `ttl` of sampler.yaml.
    await until('the edges', async () => {
      const found = await serviceGraph(prometheus, pipeline.services);
      // An XACK for each parcel that was delivered, and the reads.
      const pulled = found.get('notify -> redis (virtual_node, redis)') ?? 0;
      expect(pulled).toBeGreaterThan(980);
      expect(Object.fromEntries(found)).toEqual({
        'user -> shop (virtual_node)': 1000,
        'shop -> billing (messaging_system, kafka)': 1000,
        'billing -> shipping (messaging_system, rabbitmq)': 1000,
        'shipping -> notify (messaging_system, redis)': 1000,
        'shipping -> rabbitmq (virtual_node, rabbitmq)': 1000,
        'notify -> redis (virtual_node, redis)': pulled,
      });
    });
  });
});

/** How often each edge was seen that begins or ends at one of these services. */
async function serviceGraph(prometheus: string, services: readonly string[]): Promise<Map<string, number>> {
  const ours = services.join('|');
  const labels = 'client, server, connection_type, client_messaging_system_name';
  const of = (selector: string): string => `sum by (${labels}) (traces_service_graph_request_total{${selector}})`;
  const samples = await query(prometheus, `${of(`client=~"${ours}"`)} or ${of(`server=~"${ours}"`)}`);
  const plain = (name = ''): string => name.replace(/-[0-9a-f]{8}$/, '');
  return new Map(
    samples.map(({ metric, value }) => {
      const how = [metric['connection_type'], metric['client_messaging_system_name']].filter((part) => part);
      return [`${plain(metric['client'])} -> ${plain(metric['server'])} (${how.join(', ')})`, value];
    }),
  );
}
