// Reads all series as plain values, so that two runs can be compared.
import type { MetricsReader } from '../reader.ts';

/** Sums of the same numbers in another order differ in their last digits. */
const rounded = (_name: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toFixed(9)) : value;

/** The attributes and values of all series, by instrument and in a fixed order. */
export function readSeries(reader: MetricsReader): Record<string, readonly string[]> {
  const all: Record<string, readonly string[]> = {};
  for (const { descriptor, dataPoints } of reader.collect().metrics) {
    all[descriptor.name] = dataPoints
      .map(({ attributes, value }) =>
        JSON.stringify([Object.entries(attributes).toSorted(([one], [two]) => (one < two ? -1 : 1)), value], rounded),
      )
      .toSorted();
  }
  return all;
}
