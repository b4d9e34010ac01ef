// Tests what happens to the origin of a pipeline in services of other languages and with other propagators.
import { setTimeout as sleep } from 'node:timers/promises';
import { context, createTraceState, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { startTracing } from 'mqtrace/sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import type { HistogramValue } from '../../src/metrics/index.ts';
import { read } from '../metrics/reading.ts';
import { type Addresses, type Language, type Relay, startPeer } from './peers.ts';
import { type Headers, type Transport, transports } from './transports.ts';

const tracing = startTracing({ export: { protocol: 'none' } });
afterAll(() => tracing.shutdown());

const addresses: Addresses = {
  KAFKA_BROKERS: inject('kafkaBrokers').join(','),
  AMQP_URL: inject('amqpUrl'),
  REDIS_URL: inject('redisUrl'),
};

/** Spans in which messages are sent, with the trace state of a consistent sampler and of a vendor. */
const callers = [
  { traceFlags: 1, traceState: 'ot=th:8;rv:ce3f9a2b10c4d7,vendor=x' },
  { traceFlags: 0, traceState: 'ot=rv:1e3f9a2b10c4d7,vendor=x' },
].map(({ traceFlags, traceState }, at) => ({
  traceId: `0af7651916cd43dd8448eb211c80319${at}`,
  spanId: 'b7ad6b7169203331',
  traceFlags,
  traceState,
}));

function sendFrom(transport: Transport, to: string, caller: (typeof callers)[number]): Promise<unknown> {
  const spanContext = { ...caller, traceState: createTraceState(caller.traceState) };
  return context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), () => transport.send(to));
}

/** The relays of a process, and the traced clients beside it. Messages wait in the broker until the process is ready. */
function useRelays(language: Language, given: readonly Pick<Relay, 'broker' | 'propagator' | 'newTrace'>[]) {
  const relays = given.map((relay) => ({ ...relay, from: uniqueName('from'), to: uniqueName('to') }));
  const clients: Record<string, Transport> = {};
  let stop: () => Promise<void> = () => Promise.resolve();
  beforeAll(async () => {
    for (const { broker, from, to } of relays) {
      clients[broker] ??= await transports[broker](addresses);
      await clients[broker].create([from, to]);
    }
    ({ stop } = await startPeer(language, relays, addresses));
  });
  afterAll(async () => {
    await stop();
    for (const client of Object.values(clients)) await client.close();
  });
  return { relays, clients };
}

const over = (broker: Relay['broker']) => ({ broker, propagator: 'w3c', newTrace: false }) as const;
const all = [over('kafka'), over('rabbitmq'), over('redis')];
const survivals: [Language, Parameters<typeof useRelays>[1]][] = [
  // The agent of OpenTelemetry for Java, without code.
  ['Java', [over('kafka')]],
  ['Python', all],
  ['Go', all],
  ['JavaScript, SDK 2', [over('redis')]],
  ['JavaScript, SDK 3', [over('redis')]],
];

describe.each(survivals)('%s', (language, given) => {
  const { relays, clients } = useRelays(language, given);

  test.each(relays)(
    'over $broker the origin is kept, sampled or not, beside the members of others',
    async ({ broker, from, to }) => {
      const client = clients[broker]!;
      const start = Date.now();
      for (const caller of callers) await sendFrom(client, from, caller);
      const sent = Date.now();
      await sleep(1000);
      const seen: unknown[] = [];
      const origins: number[] = [];
      const ages: number[] = [];
      await client.receive(to, callers.length, ({ traceparent = '', tracestate = '' }: Headers) => {
        const [, traceId, , flags] = traceparent.split('-');
        const [, origin = '', ...rest] = tracestate.split(';');
        origins.push(Number.parseInt(origin, 36));
        ages.push((Date.now() - origins.at(-1)!) / 1000);
        // Newer versions of an SDK set the random flag as well.
        seen.push([traceId, Number.parseInt(flags!, 16) & 1, tracestate.split(';')[0], rest.join(';')]);
      });
      expect(seen.toSorted((one, other) => String(one).localeCompare(String(other)))).toEqual(
        callers.map(({ traceId, traceFlags, traceState }) => [
          traceId,
          traceFlags,
          'mqtrace=1',
          `1;checkout,${traceState}`,
        ]),
      );
      for (const origin of origins) {
        expect(origin).toBeGreaterThanOrEqual(start);
        expect(origin).toBeLessThanOrEqual(sent);
      }
      const [age] = Object.values(await read('mqtrace.pipeline.age', to)) as [HistogramValue];
      expect(age.count).toBe(callers.length);
      expect(Math.abs(age.sum / ages.reduce((sum, one) => sum + one, 0) - 1)).toBeLessThan(0.02);
    },
  );
});

const losses: [Language, Parameters<typeof useRelays>[1]][] = [
  [
    'Python',
    [
      { broker: 'redis', propagator: 'b3', newTrace: false },
      { broker: 'redis', propagator: 'jaeger', newTrace: false },
      { broker: 'redis', propagator: 'w3c', newTrace: true },
    ],
  ],
  ['Go', [{ broker: 'redis', propagator: 'w3c', newTrace: true }]],
  ['Sentry', [{ broker: 'redis', propagator: 'sentry', newTrace: false }]],
];

describe.each(losses)('%s', (language, given) => {
  const { relays, clients } = useRelays(language, given);

  test.each(relays)(
    'with propagator $propagator, new trace $newTrace: a new pipeline starts behind it',
    async (relay) => {
      const client = clients[relay.broker]!;
      const next = uniqueName('next');
      await client.create([next]);
      await sendFrom(client, relay.from, callers[0]!);
      let behind = 0;
      await client.receive(relay.to, 1, async (headers) => {
        expect(headers['tracestate'] ?? '').not.toContain('mqtrace=');
        behind = Date.now();
        await client.send(next);
      });
      expect(await read('mqtrace.pipeline.age', relay.to)).toEqual({});
      await client.receive(next, 1, ({ tracestate = '' }) => {
        const [, origin = '', hops] = tracestate.split(';');
        expect([Number.parseInt(origin, 36) >= behind, hops]).toEqual([true, '1']);
      });
    },
  );
});
