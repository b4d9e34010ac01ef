import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tracingFaults } from '../common/faults.ts';
import { fitHeaders, HeaderSpace } from './header-space.ts';

// amqplib's encoder, which its exports map does not expose.
const require = createRequire(import.meta.url);
const library = dirname(require.resolve('amqplib'));
const { encodeProperties, BasicProperties } = require(join(library, 'lib/defs.js')) as {
  encodeProperties: (id: number, channel: number, size: number, fields: object) => Buffer;
  BasicProperties: number;
};
const { encodeTable } = require(join(library, 'lib/codec.js')) as {
  encodeTable: (buffer: Buffer, table: object, offset: number) => number;
};
const { publish } = require(join(library, 'lib/api_args.js')) as {
  publish: (exchange: string, routingKey: string, options: object) => object;
};

const scalar = fc.oneof(
  fc.string(),
  fc.integer(),
  // amqplib rejects NaN and fractions from 2^50 to 2^63.
  fc.double({ min: -1e15, noNaN: true }).filter((one) => Math.abs(one) < 2 ** 50 || one >= 2 ** 63),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
);
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const timestamp = fc.record({ '!': fc.constant('timestamp'), value: fc.nat() });
const name = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => text !== '!' && text !== '__proto__');
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar.filter((one) => one !== undefined),
    fc.string({ unit: 'grapheme' }),
    bytes,
    timestamp,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(name, tie('value'), { maxKeys: 5 }),
  ),
}));
const short = fc.string({ maxLength: 60 });
const options = fc.record(
  {
    messageId: short,
    correlationId: short,
    CC: fc.array(short),
    BCC: short,
    priority: fc.nat(9),
    persistent: fc.boolean(),
  },
  { requiredKeys: [] },
);

test('headers that are computed to fit a frame fit it when amqplib encodes them, and use most of the space', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 8 }), options, (headers, given) => {
      const frame = encodeProperties(BasicProperties, 1, 5, publish('', '', { ...given, headers })).length;
      // The smallest frame that is computed to be large enough.
      let [low, high] = [1, 1 << 16];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (new HeaderSpace(given, middle).holds(headers)) high = middle;
        else low = middle + 1;
      }
      expect(low).toBeGreaterThanOrEqual(frame);
      // Numbers take one to eight bytes and are estimated as eight; a table may contain many.
      expect(low - frame).toBeLessThan(1000);
    }),
  );
});

test('a table is never estimated smaller than amqplib encodes it, including CC and BCC', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 8 }), options, (headers, given) => {
      const table = (publish('', '', { ...given, headers }) as { headers: object }).headers;
      const encoded = encodeTable(Buffer.alloc(1 << 20), table, 0);
      expect(65_536 - new HeaderSpace(given, undefined).left(headers)).toBeGreaterThanOrEqual(encoded);
    }),
  );
});

test.each([undefined, 0, 1 << 17])(
  'a table of 65,536 bytes fits, one more does not, with a frame of %s',
  (frameMax) => {
    const space = new HeaderSpace({}, frameMax);
    // 4 bytes of length, 1 + 4 of the name, 1 + 4 before the text.
    expect(space.holds({ mine: 'x'.repeat(65_536 - 14) })).toBe(true);
    expect(space.holds({ mine: 'x'.repeat(65_536 - 13) })).toBe(false);
    expect(space.holds({ mine: 'ä'.repeat((65_536 - 14) / 2) })).toBe(true);
    expect(space.holds({ mine: 'ä'.repeat((65_536 - 12) / 2) })).toBe(false);
  },
);

test('headers that cannot be measured are sent as the application gave them', () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const hostile = Object.defineProperty({}, 'x', {
    enumerable: true,
    get() {
      throw new Error('no');
    },
  });
  const before = tracingFaults();
  for (const mine of [circular, hostile]) {
    expect(fitHeaders({ traceparent: 'x', mine }, {}, undefined)).toBeUndefined();
  }
  expect(tracingFaults()).toBe(before + 2);
});
