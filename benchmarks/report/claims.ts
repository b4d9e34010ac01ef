// Compares common claims about tracing with the measured values.
import type { PathResult } from '../paths/measure.ts';
import { added } from './added.ts';
import { figure, table } from './markdown.ts';

const setUps: readonly (readonly [variant: string, name: string])[] = [
  ['auto-0', 'auto, nothing sampled'],
  ['auto-100', 'auto, all sampled'],
  ['mqtrace-0', '`startTracing`, nothing sampled'],
  ['mqtrace-100', '`startTracing`, all sampled'],
  ['own-0', 'your own SDK, nothing sampled'],
  ['own+processor-100', 'your own SDK with `MqtraceSpanProcessor`, all sampled'],
];

/** The claims, each with the measured values that confirm or correct it, for every set-up. */
export function claimsTable(results: readonly PathResult[]): string {
  const of = (name: string, variant: string): number | undefined => {
    const result = results.find((each) => each.name === name);
    return result === undefined ? undefined : added(result, variant);
  };
  const rows = setUps.map(([variant, name]) => [
    name,
    verdict(of('span start', variant), (micros) => [micros < 1, `${figure(micros)} µs`]),
    verdict(
      difference(of('kafkajs eachMessage, 8 baggage entries', variant), of('kafkajs eachMessage', variant)),
      (micros) => [micros < 0.5, `${figure(micros)} µs`],
    ),
    verdict(of('kafkajs send of 1', variant), shareOfCore),
    verdict(of('kafkajs eachMessage', variant), shareOfCore),
  ]);
  const header = [
    '',
    'a span start costs under a microsecond',
    '8 entries of baggage add a few hundred nanoseconds',
    '100,000 sends a second are unaffected',
    '100,000 handlers a second are unaffected',
  ];
  return table(header, rows);
}

/** If a message costs a microsecond, 100,000 messages a second use a tenth of a core. */
function shareOfCore(micros: number): [holds: boolean, text: string] {
  return [micros < 0.1, `${Math.round(micros * 10)} % of a core`];
}

function difference(value: number | undefined, less: number | undefined): number | undefined {
  return value === undefined || less === undefined ? undefined : Math.max(0, value - less);
}

function verdict(value: number | undefined, judge: (value: number) => [holds: boolean, text: string]): string {
  if (value === undefined) return '';
  const [holds, text] = judge(value);
  return `${holds ? 'yes' : 'no'}: ${text}`;
}
