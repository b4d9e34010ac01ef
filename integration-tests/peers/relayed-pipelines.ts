// Sends messages through relays of other languages and SDKs, and tests that the origin of a pipeline survives them.
import { setTimeout as sleep } from 'node:timers/promises';
import { context, createTraceState, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { startTracing } from 'mqtrace/sdk';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import type { HistogramValue } from '../../src/metrics/index.ts';
import { read } from '../metrics/reading.ts';
import { type Addresses, type Language, type Relay, startPeer } from './peers.ts';
import { type Headers, type Transport, transports } from './transports.ts';

/** A relay, without the names of its destinations. */
export type GivenRelay = Pick<Relay, 'broker' | 'propagator' | 'newTrace'>;

/** Starts tracing for the tests of a file. */
export function useTracing(): void {
  const tracing = startTracing({ export: { protocol: 'none' } });
  afterAll(() => tracing.shutdown());
}

const addresses: Addresses = {
  KAFKA_BROKERS: inject('kafkaBrokers').join(','),
  AMQP_URL: inject('amqpUrl'),
  REDIS_URL: inject('redisUrl'),
};

/** The span in which a message is sent. */
export interface Caller {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState: string;
}

/** Spans in which messages are sent, with the trace state of a consistent sampler and of a vendor. */
export const callers: readonly Caller[] = [
  { traceFlags: 1, traceState: 'ot=th:8;rv:ce3f9a2b10c4d7,vendor=x' },
  { traceFlags: 0, traceState: 'ot=rv:1e3f9a2b10c4d7,vendor=x' },
].map(({ traceFlags, traceState }, at) => ({
  traceId: `0af7651916cd43dd8448eb211c80319${at}`,
  spanId: 'b7ad6b7169203331',
  traceFlags,
  traceState,
}));

/** Sends a message in a span. */
export function sendFrom(transport: Transport, to: string, caller: Caller): Promise<unknown> {
  const spanContext = { ...caller, traceState: createTraceState(caller.traceState) };
  return context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), () => transport.send(to));
}

/** The relays of a process, and the traced clients beside it. Messages wait in the broker until the process is ready. */
export function useRelays(
  language: Language,
  given: readonly GivenRelay[],
): { relays: readonly Relay[]; clients: Readonly<Record<string, Transport>> } {
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

/** Tests that the origin of a pipeline survives relays of this language. */
export function describeSurvival(language: Language, given: readonly GivenRelay[]): void {
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
}
