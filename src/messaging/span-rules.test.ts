import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { tracingFaults } from '../common/faults.ts';
import { mqtraceMetrics } from '../metrics/index.ts';
import { extract } from '../propagation/index.ts';
import { linked, recordSpans, underSpan } from '../../test-support/spans.ts';
import { startTracing } from '../sdk/index.ts';
import { Messaging, type Outgoing, startSending, type TraceOptions } from './index.ts';
import { startBatch, startProcessing, startReceiving, startSettling } from './index.ts';
import { readIncoming } from './testing/read-incoming.ts';

const recording = recordSpans();
beforeEach(() => recording.clear());

const messagingWith = (options: TraceOptions): Messaging =>
  new Messaging('kafka', 'test', { tracerProvider: recording.tracerProvider, ...options });
const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
const message = (name: string, headers?: Record<string, string>): Outgoing<Record<string, string>> => ({
  destination: { name },
  headers,
});
const send = (messaging: Messaging, ...messages: Outgoing<Record<string, string>>[]) =>
  startSending(messaging, kafkaHeaders as never, { name: 'send' }, messages, context.active());
const carried = (headers: unknown): string | undefined =>
  trace.getSpanContext(extract(kafkaHeaders, headers as Record<string, string>))?.spanId;

test('ignoreDestinations: sends to them have no span and carry the active context, others have', async () => {
  const messaging = messagingWith({ ignoreDestinations: ['audit.*', 'health'] });
  await underSpan(recording, (app) => {
    for (const name of ['audit.log', 'health']) {
      const { operation, headers } = send(messaging, message(name));
      operation.end();
      expect(carried(headers[0])).toBe(app.spanId);
    }
    const { operation, headers } = send(messaging, message('audit.log'), message('orders'));
    operation.end();
    expect(carried(headers[0])).toBe(app.spanId);
    expect(carried(headers[1])).toBe(recording.span('create orders').spanContext().spanId);
  });
  expect(recording.spans().map(({ name }) => name)).toEqual(['create orders', 'send', 'application']);
  expect(recording.span('send').links).toHaveLength(1);
});

test('ignoreDestinations: receives, handlers, batches and settlements have no span, and count', async () => {
  const metrics = mqtraceMetrics();
  const messaging = messagingWith({ ignoreDestinations: (name) => name === 'audit' });
  const incoming = readIncoming(messaging, kafkaHeaders, { traceparent }, { destination: { name: 'audit' } });
  const processing = startProcessing(messaging, { name: 'process' }, incoming, ROOT_CONTEXT, 'delivered');
  expect(trace.getSpanContext(processing.context)?.spanId).toBe('2'.repeat(16));
  processing.end();
  startBatch(messaging, { name: 'process', type: 'process' }, [incoming]).end();
  startReceiving(messaging, { name: 'get' }, incoming, ROOT_CONTEXT).end();
  startSettling(messaging, { name: 'ack', destination: { name: 'audit' } }, [incoming], ROOT_CONTEXT).end();
  expect(recording.spans()).toEqual([]);
  const { resourceMetrics } = await metrics.collect();
  const names = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics.map(({ descriptor }) => descriptor.name));
  expect(names).toEqual(expect.arrayContaining(['messaging.client.consumed.messages', 'messaging.process.duration']));
});

test('ignoreDestinations: a message continues its trace in its handler, for any parenting; an untrusted one does not', () => {
  const spanIdIn = (options: TraceOptions): string | undefined => {
    const messaging = messagingWith({ ignoreDestinations: ['audit'], ...options });
    const incoming = readIncoming(messaging, kafkaHeaders, { traceparent }, { destination: { name: 'audit' } });
    return trace.getSpanContext(startProcessing(messaging, { name: 'process' }, incoming).context)?.spanId;
  };
  expect(spanIdIn({ parenting: 'link' })).toBe('2'.repeat(16));
  expect(spanIdIn({ parenting: 'auto' })).toBe('2'.repeat(16));
  expect(spanIdIn({ trust: 'link' })).toBeUndefined();
});

test('ignoreDestinations: an operation on several destinations has a span if one of them is not ignored', () => {
  const messaging = messagingWith({ ignoreDestinations: ['audit.*'] });
  const received = (name: string) => readIncoming(messaging, kafkaHeaders, { traceparent }, { destination: { name } });
  const both = [received('audit.a'), received('audit.b')];
  startBatch(messaging, { name: 'poll', type: 'receive' }, both).end();
  startSettling(messaging, { name: 'ack' }, both, ROOT_CONTEXT).end();
  send(messaging, message('audit.a'), message('audit.b')).operation.end();
  expect(recording.spans()).toEqual([]);
  startBatch(messaging, { name: 'poll', type: 'receive' }, [...both, received('orders')]).end();
  expect(recording.spans().map(({ name }) => name)).toEqual(['poll']);
});

test.each([true, false])(
  'ignoreDestinations: create spans of startTracing are omitted as well (fast path: %s)',
  (fastPath) => {
    const spans: string[] = [];
    const tracing = startTracing({
      register: false,
      export: { protocol: 'none' },
      spanProcessors: [
        {
          onStart() {},
          onEnd: (span) => void spans.push(span.name),
          forceFlush: async () => {},
          shutdown: async () => {},
        },
      ],
    });
    const messaging = messagingWith({ tracerProvider: tracing.provider, ignoreDestinations: ['audit'], fastPath });
    const { operation, headers } = send(messaging, message('audit'), message('orders'));
    operation.end();
    expect(spans).toEqual(['create orders', 'send']);
    expect([carried(headers[0]), carried(headers[1])?.length]).toEqual([undefined, 16]);
  },
);

test('ignoreDestinations: a function is asked once for a destination; one that fails is a fault, and ignores nothing', () => {
  const choose = vi.fn<(name: string) => boolean>((name) => name === 'audit');
  const messaging = messagingWith({ ignoreDestinations: choose });
  for (const name of ['audit', 'orders', 'audit', 'orders']) send(messaging, message(name)).operation.end();
  expect(choose.mock.calls).toEqual([['audit'], ['orders']]);
  const before = tracingFaults();
  const answers: unknown[] = [undefined, 'yes', Promise.resolve(true)];
  for (const answer of answers) {
    const wrong = messagingWith({ ignoreDestinations: () => answer as boolean });
    send(wrong, message('orders')).operation.end();
  }
  expect(tracingFaults() - before).toBe(answers.length);
  expect(recording.named('send orders')).toHaveLength(2 + answers.length);
});

test('isExpectedError: such an error leaves no error on the span, and metrics count it', async () => {
  const metrics = mqtraceMetrics();
  const messaging = messagingWith({ isExpectedError: (error) => error instanceof RangeError });
  send(messaging, message('orders')).operation.fail(new RangeError('expected'));
  send(messaging, message('orders')).operation.fail(new TypeError('not expected'));
  const [expected, other] = recording.named('send orders');
  expect([expected?.status.code, expected?.attributes['error.type'], expected?.events]).toEqual([0, undefined, []]);
  expect([other?.status.code, other?.attributes['error.type']]).toEqual([SpanStatusCode.ERROR, 'TypeError']);
  const { resourceMetrics } = await metrics.collect();
  const points = resourceMetrics.scopeMetrics
    .flatMap((scope) => scope.metrics)
    .find(({ descriptor }) => descriptor.name === 'messaging.client.sent.messages')?.dataPoints as unknown as {
    attributes: Record<string, unknown>;
  }[];
  expect(points.flatMap(({ attributes }) => attributes['error.type'] ?? [])).toEqual(['RangeError', 'TypeError']);
});

test('isExpectedError: one that fails is a fault, and expects nothing', () => {
  const before = tracingFaults();
  const broken = (): never => {
    throw new Error('broken');
  };
  for (const isExpectedError of [broken, (() => Promise.resolve(true)) as never]) {
    send(messagingWith({ isExpectedError }), message('orders')).operation.fail(new Error('no'));
  }
  expect(tracingFaults() - before).toBe(2);
  expect(recording.spans().map(({ status }) => status.code)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.ERROR]);
});

test('createSpans: false makes one PRODUCER span for several messages, which all carry its context', () => {
  const messaging = messagingWith({ createSpans: false });
  const { operation, headers } = send(messaging, message('orders'), message('orders'));
  operation.end();
  const span = recording.span('send orders');
  expect(recording.spans()).toHaveLength(1);
  expect([span.kind, span.attributes['messaging.batch.message_count'], span.links]).toEqual([SpanKind.PRODUCER, 2, []]);
  expect(headers.map(carried)).toEqual([span.spanContext().spanId, span.spanContext().spanId]);
});

test('createSpans: false links a message that keeps its context, and does not change it', () => {
  const messaging = messagingWith({ createSpans: false, existingContext: 'keep' });
  const { operation, headers } = send(messaging, message('orders', { traceparent }), message('orders'));
  operation.end();
  const span = recording.span('send orders');
  expect([span.kind, linked(span)]).toEqual([SpanKind.PRODUCER, [`${'1'.repeat(32)}-${'2'.repeat(16)}`]]);
  expect([headers[0], carried(headers[1])]).toEqual([undefined, span.spanContext().spanId]);
});

describe('newTrace', () => {
  test('a send starts a trace that links the active span, with the baggage; other destinations are not affected', async () => {
    const messaging = messagingWith({ newTrace: ['jobs.*'] });
    const app = await underSpan(recording, (active) => {
      for (const name of ['jobs.mail', 'orders']) {
        const { operation, headers } = send(messaging, message(name));
        operation.end();
        expect(carried(headers[0])).toBe(recording.span(`send ${name}`).spanContext().spanId);
      }
      return active;
    });
    const [job, order] = [recording.span('send jobs.mail'), recording.span('send orders')];
    expect(job.spanContext().traceId).not.toBe(app.traceId);
    expect([job.parentSpanContext, linked(job)]).toEqual([undefined, [`${app.traceId}-${app.spanId}`]]);
    expect([order.parentSpanContext?.spanId, linked(order)]).toEqual([app.spanId, []]);
  });

  test.each([true, false])(
    'each message of a send of several has a trace of its own (create spans: %s)',
    async (createSpans) => {
      const messaging = messagingWith({ newTrace: ['jobs'], createSpans });
      const app = await underSpan(recording, (active) => {
        send(messaging, message('jobs'), message('jobs')).operation.end();
        return active;
      });
      const spans = recording.spans().filter(({ name }) => name !== 'application');
      expect(spans).toHaveLength(createSpans ? 3 : 1);
      for (const span of spans) {
        expect(span.parentSpanContext).toBeUndefined();
        expect(linked(span)[0]).toBe(`${app.traceId}-${app.spanId}`);
      }
      expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(spans.length);
    },
  );

  test('without an active span, and where messages differ, nothing is special', async () => {
    const messaging = messagingWith({ newTrace: ['jobs'] });
    send(messaging, message('jobs')).operation.end();
    expect(recording.span('send jobs').links).toEqual([]);
    recording.clear();
    await underSpan(recording, () => send(messaging, message('jobs'), message('orders')).operation.end());
    expect(new Set(recording.spans().map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  test('an unsampled trace is left as well', () => {
    const messaging = messagingWith({ newTrace: ['jobs'] });
    const unsampled = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      traceFlags: 0,
    });
    expect(messaging.passedOn(unsampled)).toBeUndefined();
    startSending(messaging, kafkaHeaders as never, { name: 'send' }, [message('jobs')], unsampled).operation.end();
    expect(linked(recording.span('send jobs'))).toEqual([`${'1'.repeat(32)}-${'2'.repeat(16)}`]);
  });
});

test('peerService: the spans that call the broker have it, the span of a handler has not', () => {
  const messaging = messagingWith({ peerService: 'orders-kafka' });
  const incoming = readIncoming(messaging, kafkaHeaders, { traceparent }, { destination: { name: 'orders' } });
  send(messaging, message('orders')).operation.end();
  startProcessing(messaging, { name: 'process' }, incoming).end();
  startSettling(messaging, { name: 'ack', destination: { name: 'orders' } }, [incoming], ROOT_CONTEXT).end();
  const peers = recording.spans().map(({ name, attributes }) => [name, attributes['peer.service']]);
  expect(peers).toEqual([
    ['send orders', 'orders-kafka'],
    ['process orders', undefined],
    ['ack orders', 'orders-kafka'],
  ]);
});

test.each([
  [{ newTrace: true }, /newTrace.*expected an array of patterns/],
  [{ ignoreDestinations: 'audit' }, /ignoreDestinations.*expected an array of patterns/],
  [{ ignoreDestinations: [1] }, /ignoreDestinations.*expected an array of patterns/],
  [{ isExpectedError: 'RangeError' }, /isExpectedError.*expected a function of the error/],
])('throws for %j', (options, expected) => {
  expect(() => messagingWith(options as never)).toThrow(expected);
});
