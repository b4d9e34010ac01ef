import { afterEach, describe, expect, test } from 'vitest';
import { messagesInFlight, processDuration, sentMessages, state } from './instruments.ts';
import { MetricsReader } from './reader.ts';
import { addTo, metricsEpoch, recordIn, seriesFor } from './series.ts';

const readers: MetricsReader[] = [];
const read = (...given: ConstructorParameters<typeof MetricsReader>): MetricsReader => {
  const reader = new MetricsReader(...given);
  readers.push(reader);
  return reader;
};
const boundaries = processDuration.boundaries ?? [];
const to = (destination: string) => ({
  'messaging.system.name': 'kafka',
  'messaging.operation.name': 'send',
  'messaging.destination.name': destination,
  'server.port': 9092,
});

afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});

describe('counting', () => {
  test('counts only while there is a reader, and starts again after a pause', () => {
    expect(metricsEpoch()).toBe(0);
    const first = read('cumulative');
    const epoch = metricsEpoch();
    expect(epoch).toBeGreaterThan(0);
    const second = read('cumulative');
    addTo(seriesFor(sentMessages, to('orders')), 3);
    first.close();
    first.close();
    expect(metricsEpoch()).toBe(epoch);
    second.close();
    expect(metricsEpoch()).toBe(0);
    const third = read('cumulative');
    expect(metricsEpoch()).toBeGreaterThan(epoch);
    expect(third.collect().metrics).toEqual([]);
  });

  test('finds the same series for the same attributes in any order', () => {
    read('cumulative');
    const one = seriesFor(sentMessages, { a: 1, b: '2' });
    expect(seriesFor(sentMessages, { b: '2', a: 1 })).toBe(one);
    expect(seriesFor(sentMessages, { a: '1', b: '2' })).not.toBe(one);
  });
});

describe('the bound', () => {
  test('10,000 destinations use at most 1000 series, and the counts are complete', () => {
    const reader = read('cumulative');
    for (let n = 0; n < 10_000; n++) addTo(seriesFor(sentMessages, to(`topic-${n}`)), 1);
    const [metric] = reader.collect().metrics;
    const points = metric!.dataPoints as { attributes: object; value: number }[];
    expect(points.length).toBeLessThanOrEqual(1000);
    expect(points.length).toBeGreaterThan(900);
    expect(points.reduce((sum, { value }) => sum + value, 0)).toBe(10_000);
    expect(points.at(-1)).toMatchObject({
      attributes: { 'messaging.system.name': 'kafka', 'messaging.destination.name': '_OTHER' },
    });
    expect(points.at(-1)!.attributes).not.toHaveProperty('server.port');
  });

  test.each([1, 2, 10, 40])('a limit of %d series is never exceeded, for any operations', (maxSeries) => {
    const reader = read('cumulative', maxSeries);
    for (let n = 0; n < 500; n++) {
      addTo(seriesFor(sentMessages, { ...to(`topic-${n}`), 'messaging.operation.name': `operation-${n % 100}` }), 1);
    }
    const points = reader.collect().metrics[0]!.dataPoints as { value: number }[];
    expect(points.length).toBeLessThanOrEqual(maxSeries);
    expect(points.reduce((sum, { value }) => sum + value, 0)).toBe(500);
    state.maxSeries = 1000;
  });
});

describe('a reader', () => {
  test('has the counts since the start with cumulative temporality', () => {
    const reader = read('cumulative');
    const series = seriesFor(processDuration, to('orders'));
    const first = reader.collect();
    expect(first.metrics).toEqual([]);
    recordIn(series, boundaries, 0.004);
    recordIn(series, boundaries, 0.005);
    recordIn(series, boundaries, 20);
    reader.collect().commit();
    recordIn(series, boundaries, 0.5);
    const [metric] = reader.collect().metrics;
    expect(metric).toMatchObject({
      descriptor: { name: 'messaging.process.duration', unit: 's' },
      aggregationTemporality: 1,
      dataPointType: 0,
    });
    const [point] = metric!.dataPoints as { value: { buckets: { counts: number[] } }; startTime: number[] }[];
    expect(point!.value).toMatchObject({ count: 4, min: 0.004, max: 20 });
    // A value at a bound belongs to the bucket below it.
    expect(point!.value.buckets.counts).toEqual([2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
    expect(point!.startTime).toEqual([Math.floor(series.startMs / 1000), (series.startMs % 1000) * 1e6]);
  });

  test('has the counts since the last read with delta temporality, independent of other readers', () => {
    read('cumulative');
    const series = seriesFor(sentMessages, to('orders'));
    const durations = seriesFor(processDuration, to('orders'));
    addTo(series, 5);
    const one = read('delta');
    const two = read('delta');
    addTo(series, 2);
    recordIn(durations, boundaries, 0.5);
    const values = (reader: MetricsReader, commit = true): unknown[] => {
      const collection = reader.collect();
      if (commit) collection.commit();
      return collection.metrics.map(({ dataPoints }) => dataPoints[0]!.value);
    };
    expect(values(one)).toEqual([2, expect.objectContaining({ count: 1, sum: 0.5 })]);
    expect(values(one)).toEqual([]);
    addTo(series, 1);
    expect(values(one)).toEqual([1]);
    // Counts that could not be delivered are included again.
    expect(values(two, false)[0]).toBe(3);
    expect(values(two)[0]).toBe(3);
    expect(values(two)).toEqual([]);
    const histogram = two.collect().metrics.find(({ dataPointType }) => dataPointType === 0);
    expect(histogram).toBeUndefined();
  });

  test('has consecutive intervals with delta temporality', () => {
    const reader = read('delta');
    const series = seriesFor(sentMessages, to('orders'));
    const times = (): readonly unknown[] => {
      addTo(series, 1);
      const collection = reader.collect();
      collection.commit();
      const { startTime, endTime } = collection.metrics[0]!.dataPoints[0]!;
      return [startTime, endTime];
    };
    const [, end] = times();
    expect(times()[0]).toEqual(end);
  });

  test('has the current value of an up-down counter with either temporality', () => {
    const reader = read('delta');
    const series = seriesFor(messagesInFlight, to('orders'));
    addTo(series, 2);
    reader.collect().commit();
    addTo(series, -1);
    expect(reader.collect().metrics[0]).toMatchObject({
      isMonotonic: false,
      aggregationTemporality: 1,
      dataPoints: [{ value: 1 }],
    });
  });
});
