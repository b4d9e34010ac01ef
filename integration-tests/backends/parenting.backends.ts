// Compares Jaeger and a Collector's service graph with the table of docs/parenting.md.
import { expect, inject, test } from 'vitest';
import { startBrokers } from '../brokers/index.ts';
import { measureAll } from './parenting/measure.ts';
import { readResults } from './parenting/table.ts';

test('fan-out, batches and retries have the traces and edges of docs/parenting.md, with each value of parenting', async () => {
  const log = (line: string): void => void process.stderr.write(`parenting: ${line}\n`);
  const { kafkaBrokers, amqpUrl, stop } = await startBrokers({ log });
  try {
    const measured = await measureAll({ kafka: kafkaBrokers, amqp: amqpUrl }, inject('backends'), log);
    expect(measured.map(({ shape }) => shape)).toEqual(readResults().map(({ shape }) => shape));
  } finally {
    await stop();
  }
}, 300_000);
