import { ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { Messaging } from '../messaging/index.ts';
import { consumerDestination, producerDestination } from './destination.ts';
import { messageDetails, readMessage } from './message.ts';
import type { MessageLike } from './types.ts';

const message = (properties: object, fields: object = {}): MessageLike => ({
  fields: { deliveryTag: 1, exchange: '', routingKey: 'q', redelivered: false, ...fields },
  properties,
});

test.each([
  ['x', 'key', 'x:key', undefined],
  ['x', '', 'x', undefined],
  ['', 'queue', 'queue', undefined],
  ['', '', 'amq.default', undefined],
  ['', 'amq.gen-abc', 'amq.gen-abc', true],
  ['', 'amq.rabbitmq.reply-to.g1h2', 'amq.rabbitmq.reply-to.g1h2', true],
  ['amq.topic', 'key', 'amq.topic:key', undefined],
])('a publish to %j with %j goes to %s', (exchange, routingKey, name, anonymous) => {
  expect(producerDestination(exchange, routingKey)).toEqual(anonymous ? { name, anonymous } : { name });
});

test.each([
  ['x', 'key', 'q', 'x:key:q', undefined],
  ['x', '', 'q', 'x:q', undefined],
  ['x', 'q', 'q', 'x:q', undefined],
  ['', 'q', 'q', 'q', undefined],
  ['', 'q', '', 'q', undefined],
  ['x', 'key', '', 'x:key', undefined],
  ['x', 'key', 'amq.gen-abc', 'x:key:amq.gen-abc', true],
])('a delivery from %j with %j in %j comes from %s', (exchange, routingKey, queue, name, anonymous) => {
  expect(consumerDestination(exchange, routingKey, queue)).toEqual(anonymous ? { name, anonymous } : { name });
});

test('a delivery of which nothing is known has no destination', () => {
  expect(consumerDestination('', '', '')).toBeUndefined();
});

test.each<[string, object, number | undefined]>([
  ['the header', { headers: { 'mqtrace-sent-at': '1700000000123' }, timestamp: 1 }, 1_700_000_000_123],
  ['a header that is a number', { headers: { 'mqtrace-sent-at': 1_700_000_000_123 } }, 1_700_000_000_123],
  ['a timestamp in seconds', { timestamp: 1_700_000_000 }, 1_700_000_000_000],
  ['a timestamp in milliseconds', { timestamp: 1_700_000_000_123 }, 1_700_000_000_123],
  ['junk in the header, and a timestamp', { headers: { 'mqtrace-sent-at': '1e99' }, timestamp: 5 }, 5000],
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
  ['x-death that is no list', { 'x-death': { queue: 'q', count: 1 } }, undefined],
])('delivery attempt, by %s', (_, headers, expected) => {
  expect(messageDetails(message({ headers }), 'q')['mqtrace.message.delivery_attempt']).toBe(expected);
});

test('what a message carries goes on top of the root context', () => {
  const { context, creation } = readMessage(new Messaging('rabbitmq', 'test', {}), message({}), 'q');
  expect([context, creation]).toEqual([ROOT_CONTEXT, undefined]);
});
