import { expect, test } from 'vitest';
import type { ReceivedSpan } from '../../test-support/otlp-decode.ts';
import { flaws, waterfall } from './waterfall.ts';

function span(
  id: string,
  parent: string,
  service: string,
  name: string,
  type: string,
  from: number,
  to: number,
): ReceivedSpan {
  return {
    spanId: id,
    parentSpanId: parent,
    name,
    resource: { 'service.name': service },
    attributes: { 'messaging.operation.type': type, 'messaging.system.name': 'kafka' },
    startTimeUnixNano: BigInt(from * 1e6),
    endTimeUnixNano: BigInt(to * 1e6),
  } as unknown as ReceivedSpan;
}

const root = span('1', '', 'shop', 'POST', '', 0, 20);
const send = span('2', '1', 'shop', 'send orders', 'send', 10, 20);
const process = span('3', '2', 'billing', 'process orders', 'process', 60, 100);

test('draws the time between a send and its processing as a separate row', () => {
  const rows = waterfall([root, send, process]).map((line) => line.trim().replace(/ +/g, ' '));
  expect(rows).toEqual([
    `shop POST ${'█'.repeat(6)} 20.0 ms`,
    `shop send orders ${'█'.repeat(3)} 10.0 ms`,
    `… in kafka ${'·'.repeat(16)} 50.0 ms`,
    `billing process orders ${'█'.repeat(13)} 40.0 ms`,
  ]);
});

test.each([40, 60, 80, 113])('no line is wider than %i columns, and each has its time', (width) => {
  const long = span('4', '3', 'billing', `publish ${'invoices'.repeat(20)}`, 'send', 70, 90);
  const lines = waterfall([root, send, process, long], width);
  expect(lines).toHaveLength(5);
  for (const line of lines) expect(line).toMatch(/^.* \d+\.\d ms$/);
  expect(Math.max(...lines.map((line) => line.length))).toBe(width);
  expect(lines.at(-1)).toMatch(/p.*…/);
});

test('a complete trace has no problems', () => {
  expect(flaws([root, send, process], ['shop', 'billing'])).toEqual([]);
});

test.each([
  [[root, process], ['the parent of "process orders" (billing) is missing']],
  [[root, send], ['no span of billing']],
  [[root, send, { ...process, parentSpanId: '' }], ['2 roots instead of one']],
  [[], ['0 roots instead of one', 'no span of shop', 'no span of billing']],
])('a broken trace is told: %#', (spans, expected) => {
  expect(flaws(spans, ['shop', 'billing'])).toEqual(expected);
});
