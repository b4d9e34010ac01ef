import { diag, DiagLogLevel } from '@opentelemetry/api';
import { traceConsumer } from 'mqtrace/kafkajs';
import { afterEach, expect, it, vi } from 'vitest';
import { newConsumer, newProducer, newTopic } from './clients.ts';

afterEach(() => diag.disable());

/** Handles one message, and is traced before or after run(). Gives the warnings. */
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

it('a consumer that is traced before run() is not warned of', async () => {
  expect(await warningsOf('before')).toStrictEqual([]);
});

it('a consumer that is traced after run() is warned of once', async () => {
  expect(await warningsOf('after')).toStrictEqual([expect.stringMatching(/after run\(\).*Trace it before/)]);
});
