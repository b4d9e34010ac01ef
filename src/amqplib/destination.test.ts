import { expect, test } from 'vitest';
import type { Destination } from '../messaging/index.ts';
import { ExclusiveQueues } from './connection.ts';
import * as destinations from './destination.ts';

/** The destination on spans; the name for metrics is tested separately. */
function ofSpans(destination: Destination | undefined): Omit<Destination, 'metricName'> | undefined {
  if (destination === undefined) return undefined;
  const { metricName: _, ...rest } = destination;
  return rest;
}

const producerDestination = (...given: Parameters<typeof destinations.producerDestination>) =>
  ofSpans(destinations.producerDestination(...given));
const consumerDestination = (...given: Parameters<typeof destinations.consumerDestination>) =>
  ofSpans(destinations.consumerDestination(...given));

test.each([
  ['x', 'key', 'x:key', undefined],
  ['x', '', 'x', undefined],
  ['', 'queue', 'queue', undefined],
  ['', '', 'amq.default', undefined],
  ['', 'amq.gen-abc', 'amq.gen-abc', true],
  ['', 'amq.rabbitmq.reply-to.g1h2', 'amq.rabbitmq.reply-to.g1h2', true],
  ['amq.topic', 'key', 'amq.topic:key', undefined],
])('a publish to %j with %j goes to %s', (exchange, routingKey, name, anonymous) => {
  expect(producerDestination(exchange, routingKey)).toEqual(
    anonymous ? { name, anonymous, temporary: true } : { name },
  );
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
  expect(consumerDestination(exchange, routingKey, queue)).toEqual(
    anonymous ? { name, anonymous, temporary: true } : { name },
  );
});

test('a delivery without any known names has no destination', () => {
  expect(consumerDestination('', '', '')).toBeUndefined();
});

test('exclusive queues of the connection are temporary, as destination of the default exchange and as source', () => {
  const exclusive = new ExclusiveQueues();
  exclusive.add('mine');
  expect(producerDestination('', 'mine', exclusive)).toEqual({ name: 'mine', temporary: true });
  expect(producerDestination('', 'other', exclusive)).toEqual({ name: 'other' });
  // A topic exchange may route the same key to any queue.
  expect(producerDestination('x', 'mine', exclusive)).toEqual({ name: 'x:mine' });
  expect(consumerDestination('x', 'key', 'mine', exclusive)).toEqual({ name: 'x:key:mine', temporary: true });
  expect(consumerDestination('x', 'mine', 'other', exclusive)).toEqual({ name: 'x:mine:other' });
});

test('metrics have names of exchanges and queues, but no routing keys and no temporary queues', () => {
  const exclusive = new ExclusiveQueues();
  exclusive.add('mine');
  const sent = (exchange: string, key: string) => destinations.producerDestination(exchange, key, exclusive).metricName;
  const received = (exchange: string, key: string, queue: string) =>
    destinations.consumerDestination(exchange, key, queue, exclusive)?.metricName;
  expect([sent('x', 'key'), sent('', 'q')]).toEqual(['x', 'q']);
  // Queues that exist for one connection only, and no queue.
  expect([sent('', 'mine'), sent('', 'amq.gen-a'), sent('', '')]).toEqual(Array(3).fill('amq.default'));
  expect([received('x', 'key', 'q'), received('x', 'key', ''), received('', 'mine', 'mine')]).toEqual(['q', '', '']);
  expect(received('x', 'key', 'amq.gen-a')).toBe('');
});
