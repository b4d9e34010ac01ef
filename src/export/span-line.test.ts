import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonSpan } from './otlp-json.ts';
import { spanLine } from './span-line.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = (more: Partial<JsonSpan> = {}): JsonSpan =>
  ({
    traceId,
    name: 'send orders',
    startTimeUnixNano: '1700000000123000000',
    endTimeUnixNano: '1700000000124500000',
    status: { code: 0 },
    ...more,
  }) as JsonSpan;

test('time, service, name, duration, status and trace id, in one line of the terminal', () => {
  expect(spanLine(span(), 'orders', 80)).toBe(`22:13:20.123 orders send orders     1.5ms unset ${traceId}`);
  expect(spanLine(span({ status: { code: 2, message: 'refused' } }), 'orders', 100)).toBe(
    `22:13:20.123 orders send orders                         1.5ms error ${traceId}`,
  );
});

test.each([
  [99_949_999n, '99.9ms'],
  [9_999_400_000n, '9999ms'],
  [3_600_000_000_000n, '3600s'],
])('%d ns are %s', (ns, text) => {
  expect(spanLine(span({ endTimeUnixNano: String(1_700_000_000_123_000_000n + ns) }), 's', 80)).toContain(` ${text} `);
});

test('for any names it is one line that fits, with the whole trace id', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 74, max: 200 }),
      (name, service, columns) => {
        const line = spanLine(span({ name }), service, columns);
        expect(Array.from(line).length).toBeLessThanOrEqual(columns);
        expect(line).not.toMatch(/\p{Cc}/u);
        expect(line.endsWith(traceId)).toBe(true);
      },
    ),
  );
});
