import { expect, test } from 'vitest';
import { EntrySource } from './entry-source.ts';
import { ReceivedMessage } from './message.ts';
import { StreamTracing } from './state.ts';

const tracing = new StreamTracing({});
const sourceOf = (stream?: string): EntrySource =>
  new EntrySource(tracing, stream === undefined ? undefined : { name: stream }, { attributes: {} });

test.each([
  ['text', '1732190000000-0'],
  ['a Buffer', Buffer.from('1732190000000-0')],
  ['a Buffer that was converted to JSON', JSON.parse(JSON.stringify(Buffer.from('1732190000000-0')))],
])('an id that is %s', (_, id: unknown) => {
  const { attributes, sentAt, destination } = new ReceivedMessage(sourceOf('orders'), [id, ['a', 'b']], ['a', 'b']);
  expect(attributes).toStrictEqual({ 'messaging.message.id': '1732190000000-0' });
  expect([sentAt, destination]).toStrictEqual([1_732_190_000_000, { name: 'orders' }]);
});

test('the attempt that XREADGROUP with CLAIM returns, and an id that is not a time', () => {
  const { attributes, sentAt } = new ReceivedMessage(sourceOf(), ['1-0', ['a', 'b'], 250, 2], ['a', 'b']);
  expect(attributes).toStrictEqual({ 'messaging.message.id': '1-0', 'mqtrace.message.delivery_attempt': 3 });
  expect(sentAt).toBeUndefined();
});
