import { context, propagation, ROOT_CONTEXT, SpanKind, trace, type Tracer } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { expect, test } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { extract, withBaggage } from '../propagation/index.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { Messaging, type Outgoing, startSending, type TraceOptions } from './index.ts';

const spans = recordRegisteredSpans();
const messagingWith = (options: TraceOptions = {}): Messaging => new Messaging('kafka', 'test', options);
const message = (at: number, headers?: Record<string, string>): Outgoing<Record<string, string>> => ({
  destination: { name: 'orders' },
  headers,
  attributes: { 'kafka.message.key': `k${at}` },
});
const send = (messaging: Messaging, messages: Outgoing<Record<string, string>>[], parent = context.active()) =>
  startSending(
    messaging,
    kafkaHeaders as never,
    { name: 'send', attributes: { 'messaging.client.id': 'c' } },
    messages,
    parent,
  );
const carriedBy = (headers: unknown) => trace.getSpanContext(extract(kafkaHeaders, headers as Record<string, string>));

test('one message: a PRODUCER span, whose context and baggage are sent; no batch count', () => {
  const parent = trace.setSpan(ROOT_CONTEXT, trace.getTracer('app').startSpan('app'));
  const { operation, headers } = context.with(parent, () =>
    withBaggage({ tenant: 'a' }, () => send(messagingWith(), [message(0)])),
  );
  operation.end();
  const span = spans.span('send orders');
  expect(span.kind).toBe(SpanKind.PRODUCER);
  expect(span.attributes).toEqual({
    'messaging.system.name': 'kafka',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'orders',
    'messaging.client.id': 'c',
    'kafka.message.key': 'k0',
  });
  expect(span.parentSpanContext?.spanId).toBe(trace.getSpanContext(parent)?.spanId);
  expect(carriedBy(headers[0])?.spanId).toBe(span.spanContext().spanId);
  expect(propagation.getBaggage(extract(kafkaHeaders, headers[0]))?.getEntry('tenant')?.value).toBe('a');
});

test('several messages: a create span each, whose contexts are sent, and a CLIENT span that links them with their attributes', () => {
  const { operation, headers } = send(messagingWith(), [message(0), message(1)]);
  operation.end();
  const creates = spans.named('create orders');
  const span = spans.span('send orders');
  expect(creates.map((create) => create.kind)).toEqual([SpanKind.PRODUCER, SpanKind.PRODUCER]);
  expect(creates.map((create) => create.attributes['messaging.operation.type'])).toEqual(['create', 'create']);
  expect(headers.map((carried) => carriedBy(carried)?.spanId)).toEqual(
    creates.map((create) => create.spanContext().spanId),
  );
  expect(span.kind).toBe(SpanKind.CLIENT);
  expect(span.attributes).toMatchObject({ 'messaging.batch.message_count': 2, 'messaging.destination.name': 'orders' });
  expect(span.attributes['kafka.message.key']).toBeUndefined();
  expect(span.links.map((link) => [link.context.spanId, link.attributes])).toEqual(
    creates.map((create, at) => [create.spanContext().spanId, { 'kafka.message.key': `k${at}` }]),
  );
});

test('several destinations: the send span has none', () => {
  send(messagingWith(), [message(0), { ...message(1), destination: { name: 'other' } }]).operation.end();
  const span = spans.span('send');
  expect(span.attributes).not.toHaveProperty('messaging.destination.name');
  expect(span.links.map((link) => link.attributes)).toEqual([
    { 'messaging.destination.name': 'orders', 'kafka.message.key': 'k0' },
    { 'messaging.destination.name': 'other', 'kafka.message.key': 'k1' },
  ]);
  expect(spans.named('create other')).toHaveLength(1);
});

test('attributes that all messages of a send share are on its span, too', () => {
  const equal = (key: string) => ({
    ...message(0),
    attributes: { 'kafka.message.key': key, 'messaging.destination.partition.id': '1' },
  });
  send(messagingWith(), [equal('a'), equal('b')]).operation.end();
  expect(spans.span('send orders').attributes).toMatchObject({ 'messaging.destination.partition.id': '1' });
  expect(spans.span('send orders').attributes).not.toHaveProperty('kafka.message.key');
});

test.each([
  ['latest', ['kafka.message.key'], '1.45.0'],
  ['dup', ['kafka.message.key', 'messaging.kafka.message.key'], '1.45.0'],
  ['1.30', ['messaging.kafka.message.key'], '1.30.0'],
] as const)(
  'with semconv %s the links have the names of the spans, and the scope has its schema',
  (semconv, names, schema) => {
    send(messagingWith({ semconv }), [message(0), message(1)]).operation.end();
    const span = spans.span('send orders');
    expect(span.links.map((link) => Object.keys(link.attributes ?? {}))).toEqual([names, names]);
    expect(span.instrumentationScope.schemaUrl).toBe(`https://opentelemetry.io/schemas/${schema}`);
  },
);

test('a kept creation context: no create span, the message is unchanged, the send span is CLIENT and links it', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { operation, headers } = send(messagingWith({ existingContext: 'keep' }), [message(0, { traceparent })]);
  operation.end();
  const span = spans.span('send orders');
  expect(headers).toEqual([undefined]);
  expect(span.kind).toBe(SpanKind.CLIENT);
  expect(span.links.map((link) => link.context.spanId)).toEqual(['b7ad6b7169203331']);
  expect(span.attributes).not.toHaveProperty('messaging.batch.message_count');
  expect(spans.named('create orders')).toEqual([]);
});

test('a message without a context in the same send gets a create span', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { operation, headers } = send(messagingWith({ existingContext: 'keep' }), [
    message(0, { traceparent }),
    message(1),
  ]);
  operation.end();
  expect(headers[0]).toBeUndefined();
  expect(carriedBy(headers[1])?.spanId).toBe(spans.span('create orders').spanContext().spanId);
  expect(spans.span('send orders').links).toHaveLength(2);
});

test('a readOnlyHeaders message is counted and linked, and not changed', () => {
  const { operation, headers } = send(messagingWith(), [{ ...message(0), readOnlyHeaders: true }]);
  operation.end();
  expect(headers).toEqual([undefined]);
  expect(spans.span('send orders').kind).toBe(SpanKind.PRODUCER);
});

test('500 messages: no link is lost; links are distributed over spans with one parent', () => {
  send(
    messagingWith(),
    Array.from({ length: 500 }, (_, at) => message(at)),
  ).operation.end();
  const sends = spans.named('send orders');
  const whole = sends.find((span) => span.attributes['mqtrace.links.part'] === undefined);
  expect(sends).toHaveLength(4);
  expect(sends.every((span) => span.droppedLinksCount === 0)).toBe(true);
  const linked = new Set(sends.flatMap((span) => span.links.map((link) => link.context.spanId)));
  expect(linked).toEqual(new Set(spans.named('create orders').map((create) => create.spanContext().spanId)));
  expect(sends.filter((span) => span !== whole).map((span) => span.parentSpanContext?.spanId)).toEqual(
    Array.from({ length: 3 }, () => whole?.spanContext().spanId),
  );
});

test('with tracing suppressed, or nothing to send: no span, messages unchanged', () => {
  expect(send(messagingWith(), [message(0)], suppressTracing(ROOT_CONTEXT)).headers).toEqual([undefined]);
  expect(send(messagingWith(), []).headers).toEqual([]);
  expect(spans.spans()).toEqual([]);
});

test('a tracer that throws: the message is sent unchanged, or with the active context', () => {
  const thrower = (): never => {
    throw new Error('tracer');
  };
  const tracerProvider = { getTracer: (): Tracer => ({ startSpan: thrower, startActiveSpan: thrower }) };
  const { operation, headers } = send(messagingWith({ tracerProvider }), [message(0), message(1)]);
  operation.fail(new Error('x'));
  expect(headers).toEqual([undefined, undefined]);
});

test('a failure sets status, error.type and an exception event, once; a success does not set the status', () => {
  const { operation } = send(messagingWith(), [message(0)]);
  operation.fail(
    Object.assign(new Error('no such topic'), { name: 'KafkaJSProtocolError', type: 'UNKNOWN_TOPIC_OR_PARTITION' }),
  );
  operation.fail(new Error('again'));
  operation.end();
  const span = spans.span('send orders');
  expect(span.status).toEqual({ code: 2, message: 'no such topic' });
  expect(span.attributes['error.type']).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  expect(span.events.map((event) => event.name)).toEqual(['exception']);
});

test.each([
  ['1.30', { 'messaging.system': 'kafka', 'messaging.kafka.message.key': 'k0' }, 'messaging.system.name'],
  ['dup', { 'messaging.system': 'kafka', 'messaging.system.name': 'kafka', 'kafka.message.key': 'k0' }, 'x'],
] as const)('semconv %s', (semconv, attributes, absent) => {
  send(messagingWith({ semconv }), [message(0)]).operation.end();
  const span = spans.span('send orders');
  expect(span.attributes).toMatchObject(attributes);
  expect(span.attributes).not.toHaveProperty([absent]);
});
