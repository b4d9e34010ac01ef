import { describe, expect, it } from 'vitest';
import { offsetNumber, outgoing, partitionId, readTimestamp, receivedAttributes, withHeaders } from './message.ts';

describe('the attributes of a message', () => {
  it.each([
    ['text', 'order-1', 'order-1'],
    ['UTF-8 bytes', Buffer.from('größe'), 'größe'],
    ['an empty key', '', ''],
    ['bytes that are not UTF-8', Buffer.from([0xc3, 0x28]), undefined],
    ['a truncated UTF-8 sequence', Buffer.from('ö').subarray(0, 1), undefined],
    ['none', null, undefined],
    ['absent', undefined, undefined],
    ['a number', 5, undefined],
    ['a long text', 'k'.repeat(1025), undefined],
    ['long bytes', Buffer.alloc(1025, 'k'), undefined],
  ])('key: %s', (_, key, expected) => {
    expect(receivedAttributes({ key, value: Buffer.from('v') })['kafka.message.key']).toBe(expected);
  });

  it('a tombstone only if the value is null', () => {
    expect(receivedAttributes({ key: null, value: null })).toStrictEqual({ 'kafka.message.tombstone': true });
    expect(receivedAttributes({ value: Buffer.alloc(0) })).toStrictEqual({});
    expect(receivedAttributes({})).toStrictEqual({});
  });

  it.each([
    ['0', 0],
    ['42', 42],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', undefined],
    ['9223372036854775807', undefined],
    ['-1', undefined],
    ['', undefined],
    ['1e3', undefined],
    [7, undefined],
    [undefined, undefined],
  ])('offset %j', (given, expected) => {
    expect(offsetNumber(given)).toBe(expected);
  });

  it('a partition is a string', () => {
    expect([0, 7, -1, 1.5, '1', null, undefined].map(partitionId)).toStrictEqual([
      '0',
      '7',
      ...Array(5).fill(undefined),
    ]);
  });

  it('the time of sending, if there is one', () => {
    const time = new Float64Array(1);
    const times = ['1700000000000', '1700000000000.5', '-1', '', 'x', undefined].map((timestamp) => {
      readTimestamp({ timestamp }, time);
      return time[0];
    });
    const none = Number.NaN;
    expect(times).toStrictEqual([1_700_000_000_000, 1_700_000_000_000.5, none, none, none, none]);
  });
});

describe('a message to be sent', () => {
  it.each([
    ['null', null],
    ['no object', 'text'],
    ['no value', { key: 'k' }],
    ['headers null', { value: 'v', headers: null }],
    ['headers no object', { value: 'v', headers: 'text' }],
    ['headers a list', { value: 'v', headers: [] }],
  ])('that kafkajs rejects or reads differently is passed through: %s', (_, message) => {
    expect(outgoing({ name: 't' }, message as never).readOnlyHeaders).toBe(true);
  });

  it('a forwarded message does not have the offset with which it was received', () => {
    const message = { key: 'k', value: 'v', offset: '5', headers: {} };
    expect(outgoing({ name: 't' }, message)).toMatchObject({
      readOnlyHeaders: false,
      attributes: { 'kafka.message.key': 'k' },
    });
    expect(outgoing({ name: 't' }, message).attributes).not.toHaveProperty('kafka.offset');
  });

  it('copies class accessors, and properties that the application added', () => {
    class Order {
      #id = 7;
      extra = 'x';
      get key(): string {
        return `order-${this.#id}`;
      }
      get value(): string {
        return 'v';
      }
      get timestamp(): string {
        return '5';
      }
    }
    const copy = withHeaders(new Order(), { h: '1' });
    expect(copy).toStrictEqual({
      extra: 'x',
      key: 'order-7',
      value: 'v',
      timestamp: '5',
      headers: { h: '1' },
    });
  });
});
