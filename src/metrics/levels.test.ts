import { afterEach, expect, test } from 'vitest';
import { tracingFaults } from '../common/faults.ts';
import { consumerLag, type Observer } from './instruments.ts';
import { observe, observeLevels } from './levels.ts';
import { MetricsReader } from './reader.ts';

const endings: (() => void)[] = [];

afterEach(() => {
  for (const end of endings.splice(0)) end();
});

function observing(observer: Observer): () => void {
  const stop = observeLevels(observer);
  endings.push(stop);
  return stop;
}

function reading(...given: ConstructorParameters<typeof MetricsReader>): MetricsReader {
  const reader = new MetricsReader(...given);
  endings.push(() => reader.close());
  return reader;
}

const level = (value: number, queue = 'a') => ({ definition: consumerLag, attributes: { queue }, value });

async function lags(reader: MetricsReader): Promise<Record<string, unknown>> {
  await observe(50);
  const [metric, ...others] = reader.collect().metrics;
  expect(others).toEqual([]);
  return Object.fromEntries((metric?.dataPoints ?? []).map(({ attributes, value }) => [attributes['queue'], value]));
}

test('levels are those of the last observation: levels of parts are added up; of levels that describe the whole, the highest is used', async () => {
  const reader = reading('cumulative');
  let value = 3;
  observing((note) => {
    note(level(value));
    note(level(10, 'shared'), true);
  });
  const stop = observing(async (note) => {
    await Promise.resolve();
    note(level(4));
    note(level(12, 'shared'), true);
    note(level(0, 'b'));
  });
  expect(await lags(reader)).toEqual({ a: 7, shared: 12, b: 0 });
  value = 1;
  stop();
  expect(await lags(reader)).toEqual({ a: 1, shared: 10 });
  expect(reader.collect().metrics[0]).toMatchObject({ dataPointType: 2, descriptor: { type: 'GAUGE' } });
});

test('with delta temporality a level stays a level', async () => {
  const reader = reading('delta');
  observing((note) => note(level(5)));
  expect(await lags(reader)).toEqual({ a: 5 });
  reader.collect().commit();
  expect(await lags(reader)).toEqual({ a: 5 });
});

test('an observer that fails or is late reports nothing, and delays nothing', async () => {
  const reader = reading('cumulative');
  const before = tracingFaults();
  observing(() => {
    throw new Error('broken');
  });
  observing((note) => {
    note(level(1, 'half'));
    return Promise.reject(new Error('no broker'));
  });
  observing(() => new Promise(() => {}));
  observing((note) => note(level(2)));
  expect(await lags(reader)).toEqual({ a: 2 });
  expect(tracingFaults() - before).toBe(3);
});

test('observers are called only while there is a reader, and once for concurrent readers', async () => {
  let asked = 0;
  observing(() => void asked++);
  await observe();
  expect(asked).toBe(0);
  reading('cumulative');
  await Promise.all([observe(), observe()]);
  expect(asked).toBe(1);
});

test('levels stay below the series limit', async () => {
  const reader = reading('cumulative', 100);
  endings.push(() => reading('cumulative', 1000).close());
  observing((note) => {
    for (let n = 0; n < 10_000; n++) note(level(1, `queue-${n}`));
  });
  const all = await lags(reader);
  expect(Object.keys(all).length).toBeLessThanOrEqual(100);
  expect(Object.values(all).reduce<number>((sum, each) => sum + Number(each), 0)).toBe(10_000);
});
