import { expect, test } from 'vitest';
import { judgeSamples } from './judge-samples.ts';
import type { Sample, Samples } from './sample.ts';

const now = 1_700_000_000_000;
const id = (at: number): string => (0xb7ad6b7100000000n + BigInt(at)).toString(16);
const traceparent = (at: number, flags = '01'): string => `00-0af7651916cd43dd8448eb211c80319c-${id(at)}-${flags}`;

/** Twenty messages of a topic; `headersOf` gives their headers. */
function messages(
  headersOf: (at: number) => Record<string, unknown>,
  given: Partial<Sample> = {},
  limit?: number,
): Samples {
  const samples = Array.from({ length: 20 }, (_, at): Sample => ({
    at: `partition 0, offset ${at}`,
    message: { headers: headersOf(at), value: null },
    time: now - 1000,
    bytes: 100,
    ...given,
  }));
  return { system: 'kafka', destination: 'orders', samples, limit };
}
const checks = (given: Samples): string[] => judgeSamples(given, now).map(({ check }) => check);

test('valid messages have no findings', () => {
  expect(checks(messages((at) => ({ traceparent: Buffer.from(traceparent(at)), baggage: 'tenant=acme' })))).toEqual([]);
});

test.each<[string, string, (at: number) => Record<string, unknown>]>([
  ['no context', 'no-context', () => ({})],
  ['B3 only', 'other-propagator', (at) => ({ b3: `0af7651916cd43dd8448eb211c80319c-${id(at)}-1` })],
  ['Jaeger only', 'other-propagator', (at) => ({ 'uber-trace-id': `0af7651916cd43dd8448eb211c80319c:${id(at)}:0:1` })],
  ['upper-case ids', 'traceparent-malformed', (at) => ({ traceparent: traceparent(at).toUpperCase() })],
  ['a traceparent that is too long', 'traceparent-unread', () => ({ traceparent: 'x'.repeat(300) })],
  ['two that differ', 'traceparent-repeated', (at) => ({ traceparent: [traceparent(at), traceparent(at + 100)] })],
  ['an invalid tracestate', 'tracestate-invalid', (at) => ({ traceparent: traceparent(at), tracestate: 'A B' })],
  ['no sampled one', 'not-sampled', (at) => ({ traceparent: traceparent(at, '00') })],
  ['one context for all', 'context-shared', () => ({ traceparent: traceparent(1) })],
  [
    'baggage beyond the limit',
    'baggage-too-big',
    (at) => ({ traceparent: traceparent(at), baggage: `a=${'x'.repeat(9000)}` }),
  ],
  ['much baggage', 'baggage-size', (at) => ({ traceparent: traceparent(at), baggage: `a=${'x'.repeat(4000)}` })],
  ['baggage with an invalid member', 'baggage-invalid', (at) => ({ traceparent: traceparent(at), baggage: 'a=1,b' })],
])('%s: %s', (_, check, headersOf) => {
  expect(checks(messages(headersOf))).toEqual([check]);
});

test('affected messages are counted', () => {
  const [finding] = judgeSamples(
    messages((at) => (at % 4 === 0 ? {} : { traceparent: traceparent(at) })),
    now,
  );
  expect(finding!.what).toBe(
    'orders (kafka): 5 of 20 messages carry no trace context: the trace ends at their producer (partition 0, offset 0).',
  );
});

test('clocks, full messages and empty topics are reported', () => {
  const headersOf = (at: number): Record<string, unknown> => ({ traceparent: traceparent(at) });
  expect(checks(messages(headersOf, { time: now + 60_000 }))).toEqual(['clock-skew']);
  expect(checks(messages(headersOf, { bytes: 1_048_000 }, 1_048_588))).toEqual(['header-room']);
  expect(checks({ ...messages(headersOf), samples: [] })).toEqual(['no-messages']);
  const full = messages((at) => ({ traceparent: traceparent(at), big: 'x'.repeat(125_000) }), {}, 131_072);
  expect(checks({ ...full, system: 'rabbitmq' })).toEqual(['header-room']);
});

test('no header value is shown', () => {
  const secret = 'hunter2';
  const given = messages((at) => ({
    traceparent: `${secret}${at}`,
    tracestate: secret,
    baggage: `${secret},=${secret}`,
    b3: secret,
    password: secret,
  }));
  expect(JSON.stringify(judgeSamples(given, now))).not.toContain(secret);
});
