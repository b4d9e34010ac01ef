import { expect, test } from 'vitest';
import { SpanStore } from '../store/store.ts';
import { request, spanId, type TestSpan, traceId } from '../testing/otlp.ts';
import { journeyAnswer } from './journey.ts';
import { findHex } from './rows.ts';
import type { JourneyAnswer } from './types.ts';

const base = 1_700_000_000_000;
const on = (type: string): NonNullable<TestSpan['attributes']> => ({
  'messaging.system.name': 'kafka',
  'messaging.operation.type': type,
  'messaging.destination.name': 'orders',
});

function journey(sends: TestSpan[], others: TestSpan[], id: string): JourneyAnswer {
  const store = new SpanStore();
  store.addTraces(request('shop', sends));
  store.addTraces(request('billing', others));
  return journeyAnswer(store, findHex(store, id)!);
}

const told = (answer: JourneyAnswer): string[] =>
  answer.rows.map(
    ({ kind, name, start, end, attempt }) =>
      `${kind} ${name} ${Math.round(start - base)}-${Math.round(end - base)}${attempt > 0 ? ` #${attempt}` : ''}`,
  );

test('a pull that began before the message does not count as work, nor is its wait told twice', () => {
  const message = {
    traceId: traceId(),
    spanId: spanId(),
    kind: 'producer' as const,
    name: 'send',
    start: base,
    end: base + 2,
    attributes: on('send'),
  };
  const pull: TestSpan = {
    kind: 'client',
    name: 'pull',
    start: base - 5000,
    end: base + 500,
    links: [message],
    attributes: on('receive'),
  };
  const process: TestSpan = {
    kind: 'consumer',
    name: 'process',
    start: base + 501,
    end: base + 510,
    links: [message],
    attributes: on('process'),
  };
  const answer = journey([message], [pull, process], message.spanId);
  expect(told(answer)).toEqual([
    'span send 0-2',
    'span pull 500-500',
    'wait waits in orders 0-501',
    'span process 501-510',
  ]);
  expect([answer.working, answer.waiting].map(Math.round)).toEqual([11, 499]);
});

test('attempts are one story, with the waits between them', () => {
  const message = {
    traceId: traceId(),
    spanId: spanId(),
    kind: 'producer' as const,
    name: 'send',
    start: base,
    end: base + 2,
    attributes: on('send'),
  };
  const attempt = (start: number, error: boolean): TestSpan => ({
    kind: 'consumer',
    name: 'process',
    start: base + start,
    end: base + start + 5,
    error,
    links: [message],
    attributes: on('process'),
  });
  const answer = journey([message], [attempt(1000, false), attempt(10, true), attempt(100, true)], message.spanId);
  expect(told(answer)).toEqual([
    'span send 0-2',
    'wait waits in orders 0-10',
    'span process 10-15 #1',
    'wait waits for attempt 2 15-100',
    'span process 100-105 #2',
    'wait waits for attempt 3 105-1000',
    'span process 1000-1005 #3',
  ]);
  expect(answer.axis.filter(({ folded }) => folded).length).toBe(3);
});

test('what a batch sends is possible, and its other messages are folded', () => {
  const messages = [0, 1, 2].map(() => ({
    traceId: traceId(),
    spanId: spanId(),
    kind: 'producer' as const,
    name: 'send',
    start: base,
    end: base + 2,
    attributes: on('send'),
  }));
  const batch = {
    traceId: traceId(),
    spanId: spanId(),
    kind: 'consumer' as const,
    name: 'batch',
    start: base + 50,
    end: base + 60,
    links: messages,
    attributes: on('process'),
  };
  const onward: TestSpan = {
    traceId: batch.traceId,
    parent: batch.spanId,
    kind: 'producer',
    name: 'onward',
    start: base + 55,
    end: base + 56,
    attributes: on('send'),
  };
  const answer = journey(messages, [batch, onward], messages[1]!.spanId);
  expect(answer.rows.map(({ name, certain, note }) => [name, certain, note])).toEqual([
    ['send', true, ''],
    ['waits in orders', true, ''],
    ['batch', true, 'with 2 others in this batch'],
    ['onward', false, ''],
  ]);
});
