import fc from 'fast-check';
import { expect, test } from 'vitest';
import { droppedHeaders } from '../../carriers/index.ts';
import { headerFacts } from './header-facts.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test.each([
  ['Kafka', { headers: { traceparent: Buffer.from(traceparent), baggage: Buffer.from('a=1,b=2') }, value: null }],
  ['RabbitMQ', { properties: { headers: { traceparent, baggage: 'a=1,b=2' } } }],
  ['Redis', ['1-0', ['traceparent', traceparent, 'baggage', 'a=1,b=2']]],
])('the headers of %s, as values', (_, message) => {
  expect(headerFacts(message)).toEqual({
    traceparent: 'valid',
    why: '',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    sampled: true,
    repeated: false,
    stateInvalid: false,
    baggageBytes: 7,
    baggageCut: false,
    baggageInvalid: false,
    writers: [],
    bytes: 80,
  });
});

test('a size is that of the message, not of what is read, and nothing is counted as dropped', () => {
  const before = droppedHeaders();
  const baggage = `${'a=1,'.repeat(3000)}b=2`;
  expect(headerFacts({ headers: { baggage } })).toMatchObject({ baggageBytes: 12_003, baggageCut: true });
  expect(droppedHeaders()).toEqual(before);
});

test('whatever is given, it does not throw', () => {
  fc.assert(
    fc.property(fc.anything(), (given) => {
      expect(headerFacts(given).bytes).toBeGreaterThanOrEqual(0);
    }),
  );
});
