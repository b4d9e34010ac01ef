import { expect, test } from 'vitest';
import type { PathResult } from '../paths/measure.ts';
import { claimsTable } from './claims.ts';
import { summarise } from './statistics.ts';

const path = (name: string, raw: number, ours: number): PathResult => ({
  client: 'kafkajs',
  family: name,
  name,
  batch: 1,
  baggage: 0,
  figures: { raw: summarise([raw]), 'mqtrace-0': summarise([ours]) },
});

test('each claim is confirmed or corrected with a measured value', () => {
  const lines = claimsTable([
    path('span start', 0.1, 0.4),
    path('kafkajs eachMessage', 1, 2.5),
    path('kafkajs eachMessage, 8 baggage entries', 1, 3.1),
    path('kafkajs send of 1', 1, 1.04),
  ]).split('\n');
  const row = lines.find((line) => line.includes('`startTracing`, nothing sampled'))!;
  expect(row.split('|').map((cell) => cell.trim())).toEqual([
    '',
    '`startTracing`, nothing sampled',
    'yes: 0.30 µs',
    'no: 0.60 µs',
    'yes: 0 % of a core',
    'no: 15 % of a core',
    '',
  ]);
});

test('claims without a measurement are omitted', () => {
  expect(claimsTable([path('span start', 1, 3)])).toMatch(
    /\| `startTracing`, nothing sampled +\| no: 2\.00 µs +\| +\| +\| +\|/,
  );
});
