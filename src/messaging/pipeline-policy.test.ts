import { type Context, context, defaultTextMapSetter, ROOT_CONTEXT, type TextMapPropagator } from '@opentelemetry/api';
import { B3Propagator } from '@opentelemetry/propagator-b3';
import { JaegerPropagator } from '@opentelemetry/propagator-jaeger';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { type HistogramMetric, mqtraceMetrics } from '../metrics/index.ts';
import { fanIn } from '../pipelines/index.ts';
import { mqtracePropagator } from '../propagation/index.ts';
import {
  checkOptions,
  Messaging,
  runHandler,
  startBatch,
  startProcessing,
  startSending,
  type TraceOptions,
} from './index.ts';
import { readIncoming } from './testing/read-incoming.ts';

const spans = recordRegisteredSpans();
const destination = { name: 'orders' };
const start = 1_760_000_000_000;
const stock = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
type Headers = Record<string, unknown>;

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: start }));
afterEach(() => vi.useRealTimers());

const client = (options: TraceOptions): Messaging => new Messaging('kafka', 'traceTest', options);

function send(messaging: Messaging, parent: Context = context.active(), count = 1): Headers[] {
  const messages = Array.from({ length: count }, () => ({ destination, headers: {} }));
  const sending = startSending<Headers>(messaging, kafkaHeaders, { name: 'send' }, messages, parent);
  sending.operation.end();
  return sending.headers.map((headers) => headers!);
}

/** Processes a message, and returns the result of `handler`. */
function process<R>(messaging: Messaging, headers: Headers, handler: () => R): R {
  const incoming = readIncoming(messaging, kafkaHeaders as never, headers as never, { destination });
  return runHandler(startProcessing(messaging, { name: 'process' }, incoming, ROOT_CONTEXT, 'delivered'), handler);
}

const relay = (messaging: Messaging, headers: Headers): Headers =>
  process(messaging, headers, () => send(messaging)[0]!);
const traceState = (headers: Headers): unknown => String(headers['tracestate']);

test('the origin is that of the first message, and each further message is a hop', () => {
  const messaging = client({ pipelines: { name: 'orders' } });
  const first = send(messaging)[0]!;
  expect(traceState(first)).toBe('mqtrace=1;mgj6k3cw;1;orders');
  vi.setSystemTime(start + 5000);
  const second = relay(messaging, first);
  expect(traceState(second)).toBe('mqtrace=1;mgj6k3cw;2;orders');
  expect(spans.named('process orders')[0]?.attributes).toMatchObject({
    'mqtrace.pipeline.age': 5,
    'mqtrace.pipeline.hops': 1,
    'mqtrace.pipeline.name': 'orders',
  });
});

test('all messages of a batch have the same origin', () => {
  const headers = send(client({ pipelines: true }), ROOT_CONTEXT, 3);
  expect(headers.map(traceState)).toEqual(Array.from({ length: 3 }, () => 'mqtrace=1;mgj6k3cw;1'));
});

test.each<[string, TraceOptions]>([
  ['parenting: link', { parenting: 'link' }],
  ['trust: link', { trust: 'link' }],
  ['the stock propagator and parenting: link', { parenting: 'link', propagator: stock }],
  ['the stock propagator', { propagator: stock }],
  ['the slow path', { fastPath: false }],
])('the pipeline continues with %s', (_, options) => {
  const messaging = client({ pipelines: true, ...options });
  const first = send(messaging)[0]!;
  vi.setSystemTime(start + 1000);
  expect(traceState(relay(messaging, first))).toBe('mqtrace=1;mgj6k3cw;2');
});

test('in a new trace that links the message, HTTP calls by the propagator of mqtrace have the origin as well', () => {
  const messaging = client({ pipelines: true, parenting: 'link' });
  const carrier: Record<string, string> = {};
  process(messaging, send(messaging)[0]!, () =>
    mqtracePropagator.inject(context.active(), carrier, defaultTextMapSetter),
  );
  expect(carrier['tracestate']).toBe('mqtrace=1;mgj6k3cw;1');
});

test('with trust: ignore a new pipeline starts', () => {
  const messaging = client({ pipelines: true, trust: 'ignore' });
  const first = send(messaging)[0]!;
  vi.setSystemTime(start + 1000);
  expect(traceState(relay(messaging, first))).toBe(`mqtrace=1;${(start + 1000).toString(36)};1`);
});

test('other members of the trace state are kept', () => {
  const messaging = client({ pipelines: true });
  const first = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'ot=th:8,a=1' };
  expect(traceState(relay(messaging, first))).toBe('mqtrace=1;mgj6k3cw;1,ot=th:8,a=1');
});

test('only listed names are reported; others are still propagated', () => {
  const far = client({ pipelines: { name: 'far' } });
  const near = client({ pipelines: { names: ['orders'] } });
  const second = relay(near, send(far)[0]!);
  expect(traceState(second)).toBe('mqtrace=1;mgj6k3cw;2;far');
  expect(spans.named('process orders')[0]?.attributes['mqtrace.pipeline.name']).toBe('_OTHER');
});

test.each([
  ['31 days old', start - 31 * 86_400_000],
  ['two days ahead', start + 2 * 86_400_000],
])('an origin %s is not trusted: a new pipeline starts', (_, ms) => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const messaging = client({ pipelines: true });
  expect(traceState(relay(messaging, { traceparent, tracestate: `mqtrace=1;${ms.toString(36)};7` }))).toBe(
    'mqtrace=1;mgj6k3cw;1',
  );
  expect(spans.named('process orders')[0]?.attributes).not.toHaveProperty('mqtrace.pipeline.age');
});

test('an origin slightly in the future, by another clock, has age 0', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  relay(client({ pipelines: true }), { traceparent, tracestate: `mqtrace=1;${(start + 900).toString(36)};1` });
  expect(spans.named('process orders')[0]?.attributes['mqtrace.pipeline.age']).toBe(0);
});

test('the metric counts each message once, by name, including those of a batch', async () => {
  const producer = mqtraceMetrics({ temporality: 'delta' });
  const messaging = client({ pipelines: { name: 'orders', names: ['orders'] } });
  const first = send(messaging)[0]!;
  const unnamed = send(client({ pipelines: true }))[0]!;
  await producer.collect();
  vi.setSystemTime(start + 2000);
  relay(messaging, first);
  relay(messaging, unnamed);
  const batch = [first, first].map((headers) =>
    readIncoming(messaging, kafkaHeaders as never, headers as never, { destination }),
  );
  startBatch(messaging, { name: 'process', type: 'process' }, batch).end();
  const { metrics } = (await producer.collect()).resourceMetrics.scopeMetrics[0]!;
  const ages = metrics.find(({ descriptor }) => descriptor.name === 'mqtrace.pipeline.age') as HistogramMetric;
  const seen = ages.dataPoints.map(({ attributes, value }) => [
    attributes['mqtrace.pipeline.name'],
    attributes['messaging.destination.name'],
    value.count,
    value.sum,
  ]);
  expect(seen).toEqual([
    ['orders', 'orders', 3, 6],
    [undefined, 'orders', 1, 2],
  ]);
});

test('a fan-in of several messages has the age of the oldest', () => {
  const messaging = client({ pipelines: true });
  const inputs = [3000, 1000, 2000].map((ms) => {
    vi.setSystemTime(start + ms);
    const incoming = readIncoming(messaging, kafkaHeaders as never, send(messaging)[0] as never, { destination });
    return incoming.context;
  });
  const sent = fanIn('total', inputs, () => send(messaging)[0]!);
  expect(traceState(sent)).toBe(`mqtrace=1;${(start + 1000).toString(36)};2`);
});

test('without the option nothing is added, and a received origin is propagated unchanged', () => {
  const messaging = client({});
  expect(send(messaging)[0]).not.toHaveProperty('tracestate');
  const from = send(client({ pipelines: true }))[0]!;
  expect(traceState(relay(messaging, from))).toBe('mqtrace=1;mgj6k3cw;1');
});

test('a service in between with the stock propagator keeps the origin, and does not count as a hop', () => {
  const messaging = client({ pipelines: true });
  const between = client({ propagator: stock });
  expect(traceState(relay(messaging, relay(between, send(messaging)[0]!)))).toBe('mqtrace=1;mgj6k3cw;2');
});

test('beside the stock propagator it is written as well', () => {
  const messaging = client({ pipelines: true, propagator: stock });
  expect(traceState(relay(messaging, send(messaging)[0]!))).toBe('mqtrace=1;mgj6k3cw;2');
});

test('of headers that are sent on with another message, the member is replaced', () => {
  const messaging = client({ pipelines: true });
  const received = send(messaging)[0]!;
  vi.setSystemTime(start + 60_000);
  const messages = [{ destination, headers: { ...received } }];
  const sending = startSending<Headers>(messaging, kafkaHeaders, { name: 'send' }, messages, ROOT_CONTEXT);
  sending.operation.end();
  expect(traceState(sending.headers[0]!)).toBe(`mqtrace=1;${(start + 60_000).toString(36)};1`);
});

test.each<[string, TextMapPropagator]>([
  ['B3', new B3Propagator()],
  ['Jaeger', new JaegerPropagator()],
])('with the propagator of %s pipelines are off, which is reported once', (_, other) => {
  const written = vi.spyOn(globalThis.process.stderr, 'write').mockReturnValue(true);
  const messaging = client({ pipelines: true, propagator: other });
  expect(send(messaging)[0]).not.toHaveProperty('tracestate');
  send(messaging);
  expect(written.mock.calls.map(([line]) => String(line))).toEqual([expect.stringContaining('pipelines are off')]);
  written.mockRestore();
});

test('with a name function that fails, the pipeline has no name', () => {
  const messaging = client({
    pipelines: {
      name: (to) => {
        if (to === 'orders') throw new Error('no');
        return to;
      },
    },
  });
  expect(traceState(send(messaging)[0]!)).toBe('mqtrace=1;mgj6k3cw;1');
});

test.each([
  [1, 'pipelines'],
  [{ nam: 'x' }, 'unknown option "nam"'],
  [{ name: 'with space' }, 'pipelines }).name'],
  [{ name: 'x'.repeat(49) }, 'pipelines }).name'],
  [{ names: 'orders' }, 'pipelines }).names'],
  [{ names: ['a b'] }, 'pipelines }).names'],
])('invalid options are reported: %j', (pipelines, message) => {
  expect(() => {
    checkOptions('traceTest', { pipelines });
    client({ pipelines } as never);
  }).toThrow(message);
});
