import { type Context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { cloudEvents, type DroppedHeaderReason, droppedHeaders, kafkaHeaders } from '../../carriers/index.ts';
import { Messaging, startProcessing, startSending } from '../messaging/index.ts';
import { type BaggagePolicy, extract } from '../propagation/index.ts';
import { explain } from './explain.ts';
import { readIncoming } from '../messaging/testing/read-incoming.ts';

test.each<[string, BaggagePolicy, DroppedHeaderReason]>([
  ['denied', { deny: ['secret'] }, 'policy-denied'],
  ['not allowed', { allow: ['tenant'] }, 'policy-denied'],
  ['over the budget', { maxEntries: 1 }, 'policy-budget'],
])(
  'an entry that is %s is counted once per message, also where it would become a span attribute',
  (_, policy, reason) => {
    const messaging = new Messaging('kafka', 'traceKafka', {
      baggage: { send: { ...policy, spanAttributes: ['*'] }, receive: { ...policy, spanAttributes: ['*'] } },
    });
    const context = extract(kafkaHeaders, { baggage: 'tenant=a,secret=s' });
    const counted = (fn: () => void): number => {
      const before = droppedHeaders()[reason];
      fn();
      return droppedHeaders()[reason] - before;
    };
    for (const messages of [1, 2]) {
      const outgoing = Array.from({ length: messages }, () => ({ destination: { name: 't' }, headers: {} }));
      expect(counted(() => startSending(messaging, kafkaHeaders, { name: 'send' }, outgoing, context))).toBe(messages);
    }
    const headers = { baggage: 'tenant=a,secret=s' };
    expect(
      counted(() => {
        const incoming = readIncoming(messaging, kafkaHeaders, headers, { destination: { name: 't' } });
        startProcessing(messaging, { name: 'process' }, incoming).end();
      }),
    ).toBe(1);
    expect(counted(() => void explain({ headers }, { baggage: { receive: policy } }))).toBe(0);
  },
);

test('entries that cannot be sent, and members over the limit, are counted once', () => {
  const counted = (reason: DroppedHeaderReason, fn: () => void): number => {
    const before = droppedHeaders()[reason];
    fn();
    return droppedHeaders()[reason] - before;
  };
  const messaging = new Messaging('kafka', 'traceKafka', { baggage: { send: { deny: ['x'], spanAttributes: ['*'] } } });
  const send = (context: Context): void => {
    startSending(messaging, kafkaHeaders, { name: 'send' }, [{ destination: { name: 't' }, headers: {} }], context);
  };
  const entries = propagation.createBaggage({ 'no token': { value: 'v' }, x: { value: '1' }, k: { value: 'v' } });
  expect(counted('baggage-key-invalid', () => send(propagation.setBaggage(ROOT_CONTEXT, entries)))).toBe(1);
  const many = { baggage: Array.from({ length: 70 }, (_, at) => `k${at}=v`).join(',') };
  expect(counted('baggage-over-limit', () => send(extract(kafkaHeaders, many)))).toBe(1);
  expect(counted('baggage-member-invalid', () => send(extract(kafkaHeaders, { baggage: 'a=1,junk,b=2' })))).toBe(1);
  for (const reason of ['header-too-long', 'traceparent-invalid', 'list-cut'] as const) {
    const odd = { traceparent: reason === 'header-too-long' ? 'x'.repeat(300) : 'x', baggage: 'k=v,'.repeat(3000) };
    expect(counted(reason, () => void explain({ headers: odd }))).toBe(0);
    expect(counted(reason, () => void extract(cloudEvents(kafkaHeaders), odd))).toBe(1);
  }
});
