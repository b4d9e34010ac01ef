import { describe, expect, it } from 'vitest';
import { argumentsOfClaim, argumentsOfRead, fieldsOfXadd } from './arguments.ts';

describe('the fields of an XADD', () => {
  it.each([
    ['s * f v', 2],
    ['s 5 f v', 2],
    ['s 5-1 f v g w', 2],
    ['s 5-* f v', 2],
    ['s NOMKSTREAM * f v', 3],
    ['s maxlen 10 * f v', 4],
    ['s MAXLEN ~ 10 * f v', 5],
    ['s MAXLEN = 10 LIMIT 5 * f v', 7],
    ['s NOMKSTREAM MINID ~ 5-0 LIMIT 100 6-0 f v', 8],
    ['s KEEPREF MAXLEN 1 * f v', 5],
    ['s ACKED * f v', 3],
    ['s IDMPAUTO p * f v', 4],
    ['s IDMP p i * f v', 5],
    ['s MAXLEN 10 5 f v', 4],
  ])('%s', (args, start) => {
    expect(fieldsOfXadd(args.split(' '))).toBe(start);
    expect(fieldsOfXadd(args.split(' ').map((arg) => Buffer.from(arg)))).toBe(start);
  });

  it.each([
    '',
    's',
    's *',
    's * f',
    's * f v g',
    's WHATEVER * f v',
    's MAXLEN',
    's MAXLEN ~',
    's -1 f v',
    's 1- f v',
    's ** f v',
  ])('invalid: %s', (args) => expect(fieldsOfXadd(args.split(' '))).toBeUndefined());
});

it('reads groups, consumers and streams with any names', () => {
  expect(argumentsOfRead('COUNT 2 BLOCK 0 STREAMS a b 0 0'.split(' '))).toStrictEqual({ streams: ['a', 'b'] });
  expect(argumentsOfRead('group streams block NOACK count 2 streams STREAMS >'.split(' '))).toStrictEqual({
    group: 'streams',
    consumer: 'block',
    noAck: true,
    streams: ['STREAMS'],
  });
  expect(argumentsOfRead(['GROUP'])).toMatchObject({ streams: [] });
  expect(argumentsOfClaim(['s', 'g', Buffer.from('c'), '0', '1-1'])).toStrictEqual({
    streams: ['s'],
    group: 'g',
    consumer: 'c',
  });
  expect(argumentsOfClaim(['s'])).toStrictEqual({ streams: [] });
});
