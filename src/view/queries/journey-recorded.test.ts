import { expect, test } from 'vitest';
import { SpanStore } from '../store/store.ts';
import { request, spanId, type TestSpan, traceId } from '../testing/otlp.ts';
import { journeyAnswer } from './journey.ts';
import { findHex } from './rows.ts';
import type { RecordedValue } from './types.ts';

const on = (type: string, more: TestSpan['attributes'] = {}): NonNullable<TestSpan['attributes']> => ({
  'messaging.system.name': 'kafka',
  'messaging.operation.type': type,
  'messaging.destination.name': 'orders',
  ...more,
});

const message = (more: TestSpan['attributes'] = {}): TestSpan & { spanId: string } => ({
  traceId: traceId(),
  spanId: spanId(),
  kind: 'producer',
  attributes: on('send', more),
});

function recorded(spans: Record<string, TestSpan[]>, id: string): RecordedValue[] {
  const store = new SpanStore();
  for (const [service, each] of Object.entries(spans)) store.addTraces(request(service, each));
  return journeyAnswer(store, findHex(store, id)!).recorded;
}

test('baggage and headers are listed once for each value, with the services that recorded it', () => {
  const sent = message({
    'messaging.header.order-id': ['7', '8'],
    'baggage.tenant': 'acme',
    'baggage.': 'no name',
    'mqtrace.baggage.size': 9000,
  });
  const process = (more: TestSpan['attributes']): TestSpan => ({
    kind: 'consumer',
    links: [sent],
    attributes: on('process', more),
  });
  expect(
    recorded(
      {
        shop: [sent],
        billing: [process({ 'baggage.tenant': 'acme' }), process({ 'baggage.tenant': 'acme' })],
        mail: [process({ 'baggage.tenant': 'other', 'messaging.header.order-id': ['7'] })],
      },
      sent.spanId,
    ),
  ).toEqual([
    { kind: 'baggage', name: 'tenant', value: 'acme', services: ['shop', 'billing'] },
    { kind: 'baggage', name: 'tenant', value: 'other', services: ['mail'] },
    { kind: 'header', name: 'order-id', value: '7', services: ['shop', 'mail'] },
    { kind: 'header', name: 'order-id', value: '8', services: ['shop'] },
  ]);
});

test('values of a batch, of other messages and of what the message led to are not listed', () => {
  const [sent, other] = [message(), message({ 'baggage.tenant': 'other' })];
  const batch: TestSpan = {
    kind: 'consumer',
    links: [sent, other],
    attributes: on('process', { 'baggage.tenant': 'batch' }),
  };
  const process: TestSpan & { spanId: string } = {
    traceId: traceId(),
    spanId: spanId(),
    kind: 'consumer',
    links: [sent],
    attributes: on('process'),
  };
  const onward: TestSpan = {
    traceId: process.traceId!,
    parent: process.spanId,
    kind: 'producer',
    attributes: on('send', { 'baggage.tenant': 'onward' }),
  };
  expect(recorded({ shop: [sent, other], billing: [batch, process, onward] }, sent.spanId)).toEqual([]);
});

test('a consumer whose message was not seen lists what it recorded itself', () => {
  const process: TestSpan & { spanId: string } = {
    spanId: spanId(),
    kind: 'consumer',
    links: [{ spanId: spanId() }],
    attributes: on('process', { 'baggage.tenant': 'acme', 'baggage.retry': 3 }),
  };
  expect(recorded({ billing: [process] }, process.spanId)).toEqual([
    { kind: 'baggage', name: 'retry', value: '3', services: ['billing'] },
    { kind: 'baggage', name: 'tenant', value: 'acme', services: ['billing'] },
  ]);
});
