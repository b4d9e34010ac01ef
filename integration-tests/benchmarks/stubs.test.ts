// Checks that the stubbed clients of the benchmark lead to the same spans as the real clients on their brokers.
import { afterAll, describe, expect, inject, test } from 'vitest';
import { families } from '../../benchmarks/paths/cases.ts';
import { Worker } from '../../benchmarks/runner/worker.ts';
import type { ReceivedSpan } from '../../test-support/otlp-decode.ts';
import { startOtlpReceiver } from '../../test-support/otlp-receiver.ts';

const addresses = {
  kafkajs: inject('kafkaBrokers')[0]!,
  amqplib: inject('amqpUrl'),
  ioredis: inject('redisUrl'),
};

/** A span without what differs from call to call: kind, name, links and status, and the type of each attribute. */
function shapeOf({ kind, name, links, status, attributes }: ReceivedSpan, destination: string): object {
  const types = Object.entries(attributes).map(([key, value]) => `${key}: ${typeof value}`);
  return {
    span: `${kind} ${name.replace(destination, 'orders').replace('orders-received', 'orders')}`,
    links: links.map((link) => Object.keys(link.attributes).toSorted()),
    status,
    attributes: types.toSorted(),
  };
}

const shapesOf = (spans: readonly ReceivedSpan[], destination: string): object[] =>
  spans
    .map((span) => shapeOf(span, destination))
    .toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));

const clients = ['kafkajs', 'amqplib', 'ioredis'] as const;
const variants = ['auto-100', 'mqtrace-100'] as const;

describe.each(clients.flatMap((client) => variants.map((variant) => ({ client, variant }))))(
  '$client, $variant',
  async ({ client, variant }) => {
    const onBroker = await startOtlpReceiver();
    const onStub = await startOtlpReceiver();
    const real = await Worker.start('../integration-tests/benchmarks/real-calls.js', [
      client,
      variant,
      onBroker.url,
      addresses[client],
    ]);
    const destination = await real.call<string>('destination');
    afterAll(async () => {
      await real.call('close');
      real.stop();
      await onBroker.close();
      await onStub.close();
    });

    test.each(families.filter((family) => family.client === client).map(({ name }) => name))('%s', async (family) => {
      onBroker.clear();
      await real.call('run', family.replace(', new contexts', ''));
      const expected = shapesOf(onBroker.spans, destination);
      expect(expected.length).toBeGreaterThanOrEqual(2);

      const stub = await Worker.start('paths/worker.js', [client, family, variant, onStub.url]);
      try {
        // The messages of one send or read; without batches both calls have one.
        const batch = /eachBatch|XREADGROUP/.test(family) ? 2 : 1;
        // The first slice also runs messages that are not measured.
        await stub.call('slice', batch, 0, 2);
        onStub.clear();
        await stub.call('bytes', batch, 0, 2);
        expect(shapesOf(onStub.spans, 'orders')).toEqual(expected);
      } finally {
        stub.stop();
      }
    });
  },
);
