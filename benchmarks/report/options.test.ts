import { expect, test } from 'vitest';
import type { PathResult } from '../paths/measure.ts';
import { metricsTable, optionsTable } from './options.ts';
import { summarise } from './statistics.ts';

const figureOf = (time: number, bytes: number): PathResult['figures'][string] => ({ ...summarise([time]), bytes });

test('an option has what it adds to the variant without it, unsampled and sampled; an option that a client does not have has none', () => {
  const result: PathResult = {
    client: 'amqplib',
    family: 'amqplib publish',
    name: 'amqplib publish',
    batch: 1,
    baggage: 0,
    figures: {
      'mqtrace-0': figureOf(2, 100),
      'mqtrace+hooks-0': figureOf(2.25, 100),
      'mqtrace-100': figureOf(5, 1000),
      'mqtrace+hooks-100': figureOf(7, 3000),
    },
  };
  const shown = optionsTable([result]);
  expect(shown).toMatch(/\| `onSend`, `onProcess` +\| 0\.25, 0 B; 2\.00, 2,000 B \|/);
  expect(shown).toMatch(/\| `clusterId` +\| +\|/);
});

test('metrics have what they add to each path without recorded spans', () => {
  const result = (family: string, metrics: object): PathResult => ({
    client: 'amqplib',
    family,
    name: family,
    batch: 1,
    baggage: 0,
    figures: { 'mqtrace-0': figureOf(2, 100), ...metrics },
  });
  const measured = result('amqplib consume and ack', { 'mqtrace+metrics-0': figureOf(2.2, 100) });
  expect(metricsTable([measured, result('amqplib publish', {})])).toMatch(
    /^.*\n.*\n\| amqplib consume and ack \| a synchronous handler, and a settlement \| 0\.20, 0 B +\|$/,
  );
  expect(optionsTable([measured])).not.toContain('consume');
  expect(metricsTable([result('amqplib publish', {})])).toBe('');
});
