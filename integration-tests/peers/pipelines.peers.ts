// Tests what happens to the origin of a pipeline in services of other languages and with other propagators.
import { describe, expect, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { read } from '../metrics/reading.ts';
import type { Language } from './peers.ts';
import { callers, describeSurvival, type GivenRelay, sendFrom, useRelays, useTracing } from './relayed-pipelines.ts';

useTracing();

const over = (broker: GivenRelay['broker']) => ({ broker, propagator: 'w3c', newTrace: false }) as const;
const all = [over('kafka'), over('rabbitmq'), over('redis')];
const survivals: [Language, readonly GivenRelay[]][] = [
  // The agent of OpenTelemetry for Java, without code.
  ['Java', [over('kafka')]],
  ['Python', all],
  ['Go', all],
  ['JavaScript, SDK 2', [over('redis')]],
  ['JavaScript, SDK 3', [over('redis')]],
];

describe.each(survivals)('%s', (language, given) => {
  describeSurvival(language, given);
});

const losses: [Language, readonly GivenRelay[]][] = [
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
