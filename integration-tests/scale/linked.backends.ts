// Traces that are only linked, behind the sampling Collectors of the profile `scale`: what is kept together, and what is not.
import { setTimeout as sleep } from 'node:timers/promises';
import { context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { Kafka, logLevel } from 'kafkajs';
import { traceKafka } from 'mqtrace/kafkajs';
import { startTracing, type Tracing } from 'mqtrace/sdk';
import { expect, inject, test } from 'vitest';
import { referenceKeeps, referenceThreshold } from '../../src/sampling/testing/otep-235.ts';
import { uniqueName } from '../../test-support/inputs.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { query } from '../prometheus/server.ts';
import { until } from '../brokers/wait.ts';
import { allDecided, keptTraces } from './kept.ts';

const stack = inject('scale');
const messages = 400;

interface Pair {
  readonly sent: string;
  readonly processed: string;
  readonly fails: boolean;
}

function service(serviceName: string, endpoint: string, register: boolean): Tracing {
  return startTracing({
    serviceName,
    register,
    environment: 'ignore',
    sampling: { tail: 'collector' },
    export: { endpoint, intervalMs: 500 },
  });
}

test.skipIf(stack === undefined)(
  'linked traces are in the share together; of a failure the trace of the consumer is kept; one edge per message',
  async () => {
    const { gateways, jaeger, prometheus } = stack!;
    const run = uniqueName('').slice(-8);
    const [shop, billing, audit, mail] = [
      service(`shop-${run}`, gateways[0], true),
      service(`billing-${run}`, gateways[1], false),
      service(`audit-${run}`, gateways[0], false),
      service(`mail-${run}`, gateways[1], false),
    ];
    const topic = `orders-${run}`;
    const brokers = inject('kafkaBrokers');
    await createTopics(brokers, [topic]);
    const kafkaOf = ({ provider }: Tracing, parenting: 'link' | 'parent'): Kafka =>
      traceKafka(new Kafka({ brokers, logLevel: logLevel.NOTHING }), { tracerProvider: provider, parenting });
    const producer = kafkaOf(shop, 'parent').producer();
    // Three groups: each message has three consumers.
    const linking = kafkaOf(billing, 'link').consumer({ groupId: `billing-${run}`, maxWaitTimeInMs: 50 });
    const following = [
      kafkaOf(audit, 'parent').consumer({ groupId: `audit-${run}`, maxWaitTimeInMs: 50 }),
      kafkaOf(mail, 'parent').consumer({ groupId: `mail-${run}`, maxWaitTimeInMs: 50 }),
    ];
    const clients = [producer, linking, ...following];
    await Promise.all(clients.map((client) => client.connect()));
    const pairs: Pair[] = [];
    let followed = 0;
    for (const consumer of [linking, ...following]) await consumer.subscribe({ topic, fromBeginning: true });
    await linking.run({
      eachMessage: ({ message }) => {
        const { sent, n } = JSON.parse(String(message.value)) as { sent: string; n: number };
        const active = trace.getSpan(context.active())!;
        const fails = n % 20 === 0;
        // A failure that the handler has dealt with: Kafka does not deliver the message again.
        if (fails) active.setStatus({ code: SpanStatusCode.ERROR });
        pairs.push({ sent, processed: active.spanContext().traceId, fails });
        return Promise.resolve();
      },
    });
    for (const consumer of following) await consumer.run({ eachMessage: () => Promise.resolve(void followed++) });
    for (let n = 0; n < messages; n++) {
      const span = shop.tracer.startSpan('order', {}, ROOT_CONTEXT);
      const sent = span.spanContext().traceId;
      await context.with(trace.setSpan(ROOT_CONTEXT, span), () =>
        producer.send({ topic, messages: [{ value: JSON.stringify({ sent, n }) }] }),
      );
      span.end();
    }
    await until('all messages', async () => {
      await sleep(50);
      expect([pairs.length, followed]).toEqual([messages, 2 * messages]);
    });
    await Promise.all(clients.map((client) => client.disconnect()));
    await Promise.all([shop, billing, audit, mail].map((tracing) => tracing.shutdown()));
    await allDecided(prometheus);

    const kept = await keptTraces(
      jaeger,
      pairs.flatMap(({ sent, processed }) => [sent, processed]),
    );
    const share = referenceThreshold(0.05);
    const age = (traceId: string): number =>
      Math.max(
        0,
        ...(kept.get(traceId)?.spans ?? []).map(({ attributes }) => Number(attributes['mqtrace.message.age'] ?? 0)),
      );
    const isOld = ({ sent, processed }: Pair): boolean => age(sent) >= 1 || age(processed) >= 1;
    const pairsInTime = pairs.filter((pair) => !isOld(pair));
    expect(pairsInTime.map(({ sent, processed }) => [kept.has(sent), kept.has(processed)])).toEqual(
      pairsInTime.map(({ sent, fails }) => {
        const inShare = referenceKeeps(sent, share);
        return [inShare, inShare || fails];
      }),
    );
    expect(pairsInTime.filter(({ sent }) => kept.has(sent)).length).toBeGreaterThan(0);
    // The linked trace has the randomness of the one that it links to.
    const pair = pairs.find(({ sent, fails }) => kept.has(sent) && !fails);
    expect(kept.get(pair!.processed)!.spans[0]!.traceState).toContain(`rv:${pair!.sent.slice(-14)}`);

    // Of three consumers, the service graph has one: the first whose span is in the trace of the producer.
    const edges = `sum by (server) (traces_service_graph_request_total{client="shop-${run}"})`;
    await until('the edges', async () => {
      const found = await query(prometheus, edges);
      expect(found.map(({ metric }) => metric['server'])).not.toContain(`billing-${run}`);
      expect(found.reduce((sum, { value }) => sum + value, 0)).toBe(messages);
    });
  },
);
