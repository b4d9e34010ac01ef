import { diag, DiagLogLevel } from '@opentelemetry/api';
import { traceConsumer } from 'mqtrace/kafkajs';
import { afterEach, expect, it, vi } from 'vitest';
import { newConsumer, newProducer, newTopic } from './clients.ts';

afterEach(() => diag.disable());

/** Handles one message with a consumer that is wrapped before or after run(); returns the warnings. */
async function warningsOf(when: 'before' | 'after'): Promise<string[]> {
  const warn = vi.fn<(text: string) => void>();
  diag.setLogger({ warn, error: warn, info: warn, debug: warn, verbose: warn }, DiagLogLevel.WARN);
  const [topic, consumer, producer] = [await newTopic(), await newConsumer(), await newProducer()];
  await consumer.subscribe({ topic, fromBeginning: true });
  if (when === 'before') traceConsumer(consumer);
  const handled = new Promise<void>((resolve) => {
    void consumer.run({ eachMessage: async () => resolve() });
  });
  if (when === 'after') traceConsumer(traceConsumer(consumer));
  await producer.send({ topic, messages: [{ value: '1' }, { value: '2' }] });
  await handled;
  return warn.mock.calls.map(([text]) => text);
}

it('wrapping a consumer before run() causes no warning', async () => {
  expect(await warningsOf('before')).toStrictEqual([]);
});

it('wrapping a consumer after run() causes one warning', async () => {
  expect(await warningsOf('after')).toStrictEqual([expect.stringMatching(/after run\(\).*Trace it before/)]);
});
