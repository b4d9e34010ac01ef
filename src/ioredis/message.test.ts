import { expect, test } from 'vitest';
import { Messaging } from '../messaging/index.ts';
import { readEntry } from './message.ts';

const messaging = new Messaging('redis', 'traceRedis', {});

test.each([
  ['text', '1732190000000-0'],
  ['a Buffer', Buffer.from('1732190000000-0')],
  ['a Buffer that went through JSON', JSON.parse(JSON.stringify(Buffer.from('1732190000000-0')))],
])('an id that is %s', (_, id: unknown) => {
  const { attributes, sentAt, destination } = readEntry(messaging, [id, ['a', 'b']], ['a', 'b'], 'orders');
  expect(attributes).toStrictEqual({ 'messaging.message.id': '1732190000000-0' });
  expect([sentAt, destination]).toStrictEqual([1_732_190_000_000, { name: 'orders' }]);
});

test('the attempt that XREADGROUP with CLAIM returns, and an id that is no time', () => {
  const { attributes, sentAt } = readEntry(messaging, ['1-0', ['a', 'b'], 250, 2], ['a', 'b'], undefined);
  expect(attributes).toStrictEqual({ 'messaging.message.id': '1-0', 'mqtrace.message.delivery_attempt': 3 });
  expect(sentAt).toBeUndefined();
});
