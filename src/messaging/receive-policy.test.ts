import { context, diag, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { kafkaHeaders, type KafkaHeaders } from '../../carriers/index.ts';
import { extract, getBaggage } from '../propagation/index.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { type Incoming, Messaging, startProcessing, startSending, type TraceOptions } from './index.ts';
import { readIncoming } from './testing/read-incoming.ts';

const spans = recordRegisteredSpans();
afterEach(() => diag.disable());

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const headers = { traceparent: `00-${traceId}-${spanId}-01`, baggage: 'tenant=a,secret=s' };
const make = (options: TraceOptions): Messaging => new Messaging('kafka', 'traceKafka', options);
const read = (messaging: Messaging, topic: string, given: KafkaHeaders = headers): Incoming =>
  readIncoming(messaging, kafkaHeaders, given, { destination: { name: topic } });
const send = (
  messaging: Messaging,
  topics: string[],
  parent = extract(kafkaHeaders, headers),
): (string | undefined)[] => {
  const outgoing = topics.map((name) => ({ destination: { name }, headers: {} as KafkaHeaders }));
  const { operation, headers: written } = startSending(messaging, kafkaHeaders, { name: 'send' }, outgoing, parent);
  operation.end();
  return written.map((header) => header?.['baggage'] as string | undefined);
};

test('baggage to send: by destination, for one message and for several', () => {
  const messaging = make({
    baggage: (topic) => (topic === 'outside' ? { send: { allow: ['tenant'], spanAttributes: ['*'] } } : undefined),
  });
  expect(send(messaging, ['outside'])).toEqual(['tenant=a']);
  expect(send(messaging, ['inside'])).toEqual(['tenant=a,secret=s']);
  expect(send(messaging, ['outside', 'inside'])).toEqual(['tenant=a', 'tenant=a,secret=s']);
  expect(spans.span('send outside').attributes).toMatchObject({ 'baggage.tenant': 'a' });
  expect(spans.span('send outside').attributes).not.toHaveProperty('baggage.secret');
  expect(spans.span('send inside').attributes).not.toHaveProperty('baggage.tenant');
});

test('received baggage: accepted entries are active, and allow-listed ones are span attributes', () => {
  const messaging = make({ baggage: { receive: { deny: ['secret'], spanAttributes: ['tenant'] } } });
  const operation = startProcessing(messaging, { name: 'process' }, read(messaging, 't'));
  operation.end();
  expect(getBaggage(operation.context).getAllEntries()).toEqual([['tenant', { value: 'a' }]]);
  expect(spans.span('process t').attributes).toMatchObject({ 'baggage.tenant': 'a' });
});

test('trust by destination: continued, linked, ignored', () => {
  const messaging = make({ trust: (topic) => topic as 'link' });
  for (const topic of ['continue', 'link', 'ignore']) {
    startProcessing(messaging, { name: 'process' }, read(messaging, topic)).end();
  }
  const [continued, linked, ignored] = ['continue', 'link', 'ignore'].map((topic) => spans.span(`process ${topic}`));
  expect(continued!.spanContext().traceId).toBe(traceId);
  expect(linked!.spanContext().traceId).not.toBe(traceId);
  expect(linked!.parentSpanContext).toBeUndefined();
  expect(linked!.links.map((link) => link.context.spanId)).toEqual([spanId]);
  expect(ignored!.spanContext().traceId).not.toBe(traceId);
  expect(ignored!.links).toEqual([]);
});

test('trust with limits: messages over the limit of a trace id start new traces', () => {
  const messaging = make({ trust: { messagesPerTrace: 2 } });
  for (let i = 0; i < 4; i++) startProcessing(messaging, { name: 'process' }, read(messaging, 't')).end();
  const traces = spans.named('process t').map((span) => span.spanContext().traceId);
  expect(traces.slice(0, 2)).toEqual([traceId, traceId]);
  expect(new Set(traces).size).toBe(3);
  expect(spans.named('process t').every((span) => span.links.length === 1)).toBe(true);
});

test('if an option function fails, nothing is trusted or passed, and the application is not affected', () => {
  const fails = (): never => {
    throw new Error('no');
  };
  const messaging = make({ trust: fails, baggage: fails });
  const incoming = read(messaging, 't');
  expect(incoming.linkOnly).toBe(true);
  expect(propagation.getBaggage(incoming.context)).toBeUndefined();
  expect(send(messaging, ['t'])).toEqual([undefined]);
  expect(trace.getSpanContext(context.active())).toBeUndefined();
});

test('limits are shared by all destinations with the same rules, for any number of names', () => {
  const rules = { messagesPerTrace: 1 };
  const messaging = make({ trust: () => rules });
  const linked = Array.from({ length: 1500 }, (_, i) => read(messaging, `t${i}`).linkOnly);
  expect(linked.filter((only) => !only)).toHaveLength(1);
});

test('beyond 1000 destinations equal rules share their limits, so that using more names cannot bypass them', () => {
  const messaging = make({ trust: () => ({ messagesPerTrace: 1 }) });
  const linked = Array.from({ length: 3000 }, (_, i) => read(messaging, `t${i}`).linkOnly);
  expect(linked.filter((only) => !only)).toHaveLength(1001);
});

test('cloudEvents: the extension is written, and read if there is no traceparent', () => {
  const messaging = make({ cloudEvents: true });
  const parent = extract(kafkaHeaders, headers);
  const written = messaging.inject(kafkaHeaders, { ce_specversion: '1.0' }, parent);
  expect(written?.['ce_traceparent']).toBe(headers.traceparent);
  expect(read(messaging, 't', { ce_specversion: '1.0', ce_traceparent: headers.traceparent }).creation).toMatchObject({
    spanId,
  });
  expect(make({}).inject(kafkaHeaders, { ce_specversion: '1.0' }, parent)).not.toHaveProperty('ce_traceparent');
  expect(messaging.inject(kafkaHeaders, {}, ROOT_CONTEXT)).toBeUndefined();
});

test.each<[unknown, string]>([
  [{ trust: 'none' }, "traceKafka({ trust }): expected 'continue'"],
  [{ baggage: { out: {} } }, 'traceKafka({ baggage }): unknown option "out"; expected one of send, receive'],
  [{ baggage: { send: { allow: 'x' } } }, 'traceKafka({ baggage }).send.allow: expected an array of patterns'],
])('throws for %j', (options, message) => {
  expect(() => make(options as TraceOptions)).toThrow(message);
});
