import { OpenOperations } from './open-operations.ts';
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { expect, test, vi } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { markRecorded } from '../common/recorded-errors.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import {
  type Incoming,
  Messaging,
  runHandler,
  startBatch,
  startProcessing,
  startReceiving,
  startSettling,
  OperationClock,
  type TraceOptions,
} from './index.ts';
import { readIncoming } from './testing/read-incoming.ts';

const spans = recordRegisteredSpans();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const headers = { traceparent: `00-${traceId}-${spanId}-01`, baggage: 'tenant=a' };
const messagingWith = (options: TraceOptions = {}): Messaging => new Messaging('kafka', 'test', options);
const read = (
  messaging: Messaging,
  carried: Record<string, string> | undefined = headers,
  offset = 7,
  sentAt = Date.now() - 2000,
): Incoming =>
  readIncoming(messaging, kafkaHeaders, carried, {
    destination: { name: 'orders' },
    attributes: { 'kafka.offset': offset },
    sentAt,
  });
const process = { name: 'process', attributes: { 'messaging.consumer.group.name': 'g' } };
const ambient = () => trace.setSpan(ROOT_CONTEXT, trace.getTracer('app').startSpan('ambient'));

test('processing one message: CONSUMER, the creation context is parent and link, its baggage active', () => {
  const messaging = messagingWith();
  const operation = startProcessing(messaging, process, read(messaging));
  const seen = runHandler(operation, () => propagation.getActiveBaggage()?.getEntry('tenant')?.value);
  const span = spans.span('process orders');
  expect(seen).toBe('a');
  expect(span.kind).toBe(SpanKind.CONSUMER);
  expect(span.parentSpanContext).toMatchObject({ traceId, spanId });
  expect(span.links.map((link) => link.context.spanId)).toEqual([spanId]);
  expect(span.attributes).toMatchObject({
    'messaging.operation.type': 'process',
    'messaging.consumer.group.name': 'g',
    'kafka.offset': 7,
  });
  expect(span.attributes['mqtrace.message.age']).toBeGreaterThanOrEqual(2);
});

test('a message from the future is of age 0', () => {
  const messaging = messagingWith();
  startProcessing(messaging, process, read(messaging, headers, 7, Date.now() + 60_000)).end();
  expect(spans.span('process orders').attributes['mqtrace.message.age']).toBe(0);
});

test.each([[undefined], [{ traceparent: 'junk', tracestate: 'a=1' }]])(
  'without a valid context (%o): a new trace, no link',
  (carried) => {
    const messaging = messagingWith();
    startProcessing(
      messaging,
      process,
      readIncoming(messaging, kafkaHeaders, carried, { destination: { name: 'orders' } }),
    ).end();
    const span = spans.span('process orders');
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.links).toEqual([]);
  },
);

test.each([
  ['parent', false, { parent: 'message', links: ['message'] }],
  ['link', false, { parent: 'none', links: ['message'] }],
  ['auto', false, { parent: 'message', links: ['message'] }],
  ['parent', true, { parent: 'message', links: ['message', 'ambient'] }],
  ['link', true, { parent: 'ambient', links: ['message'] }],
  ['auto', true, { parent: 'ambient', links: ['message'] }],
] as const)('parenting %s, within another span: %s', (parenting, within, expected) => {
  const messaging = messagingWith({ parenting: () => parenting });
  const surrounding = within ? ambient() : ROOT_CONTEXT;
  const ids: Record<string, string | undefined> = {
    message: spanId,
    ambient: trace.getSpanContext(surrounding)?.spanId,
  };
  const operation = startProcessing(messaging, process, read(messaging), surrounding);
  const tenant = runHandler(operation, () => propagation.getActiveBaggage()?.getEntry('tenant')?.value);
  const span = spans.span('process orders');
  expect(span.parentSpanContext?.spanId).toBe(ids[expected.parent]);
  expect(span.links.map((link) => link.context.spanId)).toEqual(expected.links.map((name) => ids[name]));
  expect(tenant).toBe('a');
});

test('a parenting function that throws or returns an invalid value falls back to the parent', () => {
  for (const parenting of [
    () => 'x' as 'link',
    () => {
      throw new Error('x');
    },
  ]) {
    const messaging = messagingWith({ parenting });
    startProcessing(messaging, process, read(messaging)).end();
  }
  expect(spans.named('process orders').map((span) => span.parentSpanContext?.spanId)).toEqual([spanId, spanId]);
});

test('a batch: one span, a link for each message with a context, no baggage active', () => {
  const messaging = messagingWith();
  const incoming = [read(messaging, headers, 1), read(messaging, {}, 2), read(messaging, headers, 3)];
  const operation = startBatch(messaging, { ...process, type: 'process' }, incoming);
  const baggage = runHandler(operation, () => propagation.getActiveBaggage());
  const span = spans.span('process orders');
  expect(baggage).toBeUndefined();
  expect(span.parentSpanContext).toBeUndefined();
  expect(span.kind).toBe(SpanKind.CONSUMER);
  expect(span.attributes['messaging.batch.message_count']).toBe(3);
  expect(span.links.map((link) => link.attributes)).toEqual([{ 'kafka.offset': 1 }, { 'kafka.offset': 3 }]);
});

test('a batch of several destinations names them on its links, and has common attributes on its span', () => {
  const messaging = messagingWith();
  const from = (name: string, offset: number): Incoming =>
    readIncoming(messaging, kafkaHeaders, headers, {
      destination: { name },
      attributes: { 'kafka.offset': offset, 'messaging.destination.partition.id': '0' },
    });
  const incoming = [from('a', 1), from('b', 2)];
  startBatch(messaging, { ...process, type: 'receive' }, incoming).end();
  startSettling(messaging, { name: 'ack' }, incoming, ROOT_CONTEXT).end();
  const links = [
    { 'messaging.destination.name': 'a', 'kafka.offset': 1, 'messaging.destination.partition.id': '0' },
    { 'messaging.destination.name': 'b', 'kafka.offset': 2, 'messaging.destination.partition.id': '0' },
  ];
  for (const name of ['process', 'ack']) expect(spans.span(name).links.map((link) => link.attributes)).toEqual(links);
  expect(spans.span('process').attributes).toMatchObject({ 'messaging.destination.partition.id': '0' });
  expect(spans.span('process').attributes).not.toHaveProperty('kafka.offset');
});

test('an operation without a destination is named after the server', () => {
  const attributes = { 'server.address': 'kafka', 'server.port': 9092 };
  startSettling(messagingWith(), { name: 'commit', withoutDestination: true, attributes }, [], ROOT_CONTEXT).end();
  startSettling(messagingWith(), { name: 'commit', attributes }, [], ROOT_CONTEXT).end();
  expect(spans.spans().map(({ name }) => name)).toEqual(['commit kafka:9092', 'commit']);
});

test('a pull: CLIENT below the span of the caller, from the start of the call', () => {
  const messaging = messagingWith();
  const startedAt = new OperationClock();
  const parent = ambient();
  const until = performance.now() + 5;
  while (performance.now() < until);
  startReceiving(messaging, { name: 'get' }, read(messaging), parent, startedAt).end();
  const span = spans.span('get orders');
  expect(span.kind).toBe(SpanKind.CLIENT);
  expect(span.parentSpanContext?.spanId).toBe(trace.getSpanContext(parent)?.spanId);
  expect(span.links.map((link) => link.context.spanId)).toEqual([spanId]);
  expect(span.startTime[0] * 1000 + span.startTime[1] / 1e6).toBe(startedAt.start);
  expect(span.duration[0] * 1000 + span.duration[1] / 1e6).toBeGreaterThanOrEqual(5);
});

test('a settlement: CLIENT below the process span, linked', () => {
  const messaging = messagingWith();
  const parent = ambient();
  startSettling(messaging, { name: 'ack', destination: { name: 'q' } }, [read(messaging)], parent).end();
  const span = spans.span('ack q');
  expect([span.kind, span.attributes['messaging.operation.type']]).toEqual([SpanKind.CLIENT, 'settle']);
  expect(span.parentSpanContext?.spanId).toBe(trace.getSpanContext(parent)?.spanId);
  expect(span.links).toHaveLength(1);
});

test('anonymous destinations are not part of span names', () => {
  const messaging = messagingWith();
  const destination = { name: 'amq.gen-x', anonymous: true };
  const incoming = readIncoming(messaging, kafkaHeaders, headers, { destination });
  startProcessing(messaging, process, incoming).end();
  expect(spans.span('process').attributes).toMatchObject({
    'messaging.destination.name': 'amq.gen-x',
    'messaging.destination.anonymous': true,
  });
});

test('a handler: its result, exception or rejection reaches the client unchanged, and the span ends once', async () => {
  const messaging = messagingWith();
  const start = () => startProcessing(messaging, process, read(messaging));
  const error = new RangeError('no');
  const thrower = (): never => {
    throw error;
  };
  expect(() => runHandler(start(), thrower)).toThrow(error);
  expect(spans.span('process orders').attributes['error.type']).toBe('RangeError');
  await expect(runHandler(start(), () => Promise.reject(error))).rejects.toBe(error);
  let resolve: (value: number) => void = () => {};
  const promise = runHandler(start(), () => new Promise<number>((done) => (resolve = done)));
  expect(spans.named('process orders')).toHaveLength(2);
  resolve(7);
  expect(await promise).toBe(7);
  expect(spans.named('process orders')).toHaveLength(3);
});

test('an error that the application recorded on the span itself is one event', () => {
  const messaging = messagingWith();
  const error = new Error('no');
  const operation = startProcessing(messaging, process, read(messaging));
  expect(markRecorded(operation.span!, error)).toBe(true);
  operation.span?.recordException(error);
  operation.fail(error);
  expect(spans.span('process orders').events).toHaveLength(1);
});

test('a lazy thenable is not started, and with onReturn "keep" the operation continues after the return', () => {
  const messaging = messagingWith();
  const operation = startProcessing(messaging, process, read(messaging));
  const then = vi.fn<() => void>();
  // oxlint-disable-next-line unicorn/no-thenable -- this is what query builders are
  const lazy = { then };
  expect(runHandler(operation, () => lazy, { onReturn: 'keep' })).toBe(lazy);
  expect(then).not.toHaveBeenCalled();
  expect(operation.ended).toBe(false);
  operation.end();
  expect(spans.named('process orders')).toHaveLength(1);
});

test('suppressed: no spans', () => {
  const messaging = messagingWith();
  const suppressed = suppressTracing(context.active());
  startProcessing(messaging, process, read(messaging), suppressed).end();
  startBatch(messaging, { ...process, type: 'receive' }, [], suppressed).end();
  startSettling(messaging, { name: 'ack' }, [], suppressed).end();
  expect(spans.spans()).toEqual([]);
});

test('a tracked operation is open until it ends', () => {
  const open = new OpenOperations();
  const operation = startProcessing(messagingWith(), process, read(messagingWith()));
  operation.track(open);
  expect([...open]).toEqual([operation]);
  operation.end();
  expect([...open]).toEqual([]);
  operation.track(open);
  expect([...open]).toEqual([]);
});
