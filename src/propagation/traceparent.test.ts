import { expect, test } from 'vitest';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

test.each([
  ['version 00', `00-${traceId}-${spanId}-01`, 1],
  ['not sampled', `00-${traceId}-${spanId}-00`, 0],
  ['random flag', `00-${traceId}-${spanId}-03`, 3],
  ['unknown flags are dropped', `00-${traceId}-${spanId}-ff`, 3],
  ['white space around', ` 00-${traceId}-${spanId}-01\t`, 1],
  ['higher version', `cc-${traceId}-${spanId}-01`, 1],
  ['higher version with more', `cc-${traceId}-${spanId}-01-what-the-future-will-be-like`, 1],
  ['for a higher version only the sampled flag is read', `cc-${traceId}-${spanId}-ff`, 1],
])('reads: %s', (_, header, traceFlags) => {
  expect(parseTraceparent(header)).toEqual({ traceId, spanId, traceFlags, isRemote: true });
});

test.each([
  ['empty', ''],
  ['version ff', `ff-${traceId}-${spanId}-01`],
  ['version 00 with more', `00-${traceId}-${spanId}-01-x`],
  ['higher version, no dash after', `cc-${traceId}-${spanId}-01.what`],
  ['upper case', `00-${traceId.toUpperCase()}-${spanId}-01`],
  ['trace id of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
  ['span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['short trace id', `00-${traceId.slice(1)}-${spanId}-01`],
  ['not hex', `00-${traceId}-${spanId.slice(1)}g-01`],
  ['flags not hex', `00-${traceId}-${spanId}-0.`],
  ['version not hex', `0.-${traceId}-${spanId}-01`],
  ['flags missing', `00-${traceId}-${spanId}`],
  ['two, joined by HTTP', `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`],
])('rejects: %s', (_, header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});

test.each([
  [0x00, '00'],
  [0x01, '01'],
  [0x03, '03'],
  [0x10, '00'],
  [0xff, '03'],
])('writes flags %i as %s, always two digits', (traceFlags, text) => {
  expect(formatTraceparent({ traceId, spanId, traceFlags })).toBe(`00-${traceId}-${spanId}-${text}`);
});
