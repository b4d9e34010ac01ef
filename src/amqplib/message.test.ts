import { ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { Messaging } from '../messaging/index.ts';
import { messageDetails, readMessage } from './message.ts';
import type { MessageLike } from './types.ts';

const message = (properties: object, fields: object = {}): MessageLike => ({
  fields: { deliveryTag: 1, exchange: '', routingKey: 'q', redelivered: false, ...fields },
  properties,
});

test.each<[string, object, number | undefined]>([
  ['the header', { headers: { 'mqtrace-sent-at': '1700000000123' }, timestamp: 1 }, 1_700_000_000_123],
  ['a header that is a number', { headers: { 'mqtrace-sent-at': 1_700_000_000_123 } }, 1_700_000_000_123],
  ['a timestamp in seconds', { timestamp: 1_700_000_000 }, 1_700_000_000_000],
  ['a timestamp in milliseconds', { timestamp: 1_700_000_000_123 }, 1_700_000_000_123],
  ['an invalid header, and a timestamp', { headers: { 'mqtrace-sent-at': '1e99' }, timestamp: 5 }, 5000],
  ['a forged header', { headers: { 'mqtrace-sent-at': '0000000000001' } }, undefined],
  ['a header of another kind', { headers: { 'mqtrace-sent-at': { a: 1 } } }, undefined],
  ['no headers', { headers: undefined }, undefined],
  ['a timestamp of 0', { timestamp: 0 }, undefined],
])('sent at, by %s', (_, properties, expected) => {
  expect(readMessage(new Messaging('rabbitmq', 'test', {}), message(properties), 'q').sentAt).toBe(expected);
});

test.each<[string, object, number | undefined]>([
  ['no header', {}, undefined],
  ['x-delivery-count', { 'x-delivery-count': 2 }, 3],
  [
    'x-death of this queue',
    {
      'x-death': [
        { queue: 'q', count: 3 },
        { queue: 'wait', count: 3 },
      ],
    },
    4,
  ],
  ['both', { 'x-delivery-count': 1, 'x-death': [{ queue: 'q', count: 1 }] }, 3],
  ['x-death of other queues', { 'x-death': [{ queue: 'other', count: 3 }] }, undefined],
  ['junk', { 'x-delivery-count': 'two', 'x-death': [null, 7, { queue: 'q', count: 'x' }] }, undefined],
  ['x-death that is not a list', { 'x-death': { queue: 'q', count: 1 } }, undefined],
])('delivery attempt, by %s', (_, headers, expected) => {
  expect(messageDetails(message({ headers }), 'q')['mqtrace.message.delivery_attempt']).toBe(expected);
});

test('the context of a message is based on the root context', () => {
  const { context, creation } = readMessage(new Messaging('rabbitmq', 'test', {}), message({}), 'q');
  expect([context, creation]).toEqual([ROOT_CONTEXT, undefined]);
});
