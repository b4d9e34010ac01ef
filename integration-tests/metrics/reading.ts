// Reads the metrics of mqtrace in tests on real brokers.
import { expect } from 'vitest';
import { checkMetric } from '../../test-support/conventions/check-metric.ts';
import { type CollectedMetric, type HistogramValue, mqtraceMetrics } from '../../src/metrics/index.ts';

const producer = mqtraceMetrics();

type Value = number | HistogramValue;

/** All metrics, checked against the conventions. */
export async function collect(): Promise<CollectedMetric[]> {
  const all = (await producer.collect()).resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  expect(all.flatMap((metric) => checkMetric(metric))).toEqual([]);
  return all;
}

/** The values of a metric for one destination, by operation and error. */
export async function read(name: string, destination: string): Promise<Record<string, Value>> {
  const points = (await collect())
    .filter(({ descriptor }) => descriptor.name === name)
    .flatMap(({ dataPoints }): { attributes: Record<string, unknown>; value: Value }[] => dataPoints as never);
  return Object.fromEntries(
    points
      .filter(({ attributes }) => attributes['messaging.destination.name'] === destination)
      .map(({ attributes, value }) => [
        [attributes['messaging.operation.name'], attributes['error.type']].filter(Boolean).join(' '),
        value,
      ]),
  );
}

export const sent = (destination: string): Promise<Record<string, Value>> =>
  read('messaging.client.sent.messages', destination);
export const consumed = (destination: string): Promise<Record<string, Value>> =>
  read('messaging.client.consumed.messages', destination);
export const inFlight = (destination: string): Promise<Record<string, Value>> =>
  read('mqtrace.messages.in_flight', destination);

/** The sum of the values of all operations and errors. */
export async function total(values: Promise<Record<string, Value>>): Promise<number> {
  return Object.values(await values).reduce<number>((sum, value) => sum + Number(value), 0);
}

/** Expects the ages of messages to be those that the test measured, within two per cent. */
export async function expectAges(destination: string, measuredMs: readonly number[]): Promise<void> {
  const age = (await read('mqtrace.message.age', destination))['process'] as HistogramValue;
  const sum = measuredMs.reduce((all, one) => all + one, 0) / 1000;
  expect([destination, age.count]).toEqual([destination, measuredMs.length]);
  expect(Math.abs(age.sum / sum - 1)).toBeLessThan(0.02);
}
