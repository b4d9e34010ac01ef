import { afterEach, expect, test, vi } from 'vitest';
import { decodeMetrics, type ReceivedPoint } from '../../../test-support/otlp-decode-metrics.ts';
import { GrpcReceiver } from '../../../test-support/otlp-grpc-receiver.ts';
import { HttpReceiver } from '../../../test-support/otlp-receiver.ts';
import { ProtobufWriter } from '../../common/protobuf-writer.ts';
import { consumerLag, messagesInFlight, operationDuration, sentMessages } from '../../metrics/instruments.ts';
import { observe, observeLevels } from '../../metrics/levels.ts';
import { MetricsReader } from '../../metrics/reader.ts';
import { addTo, metricsEpoch, recordIn, seriesFor } from '../../metrics/series.ts';
import { startTracing, type StartTracingOptions, type Tracing } from '../../sdk/index.ts';
import { encodeMetrics } from './encoder.ts';
import { metricsToJson } from './json.ts';

const attributes = {
  'messaging.system.name': 'kafka',
  'messaging.operation.name': 'send',
  'messaging.destination.name': 'orders',
  'server.port': 9092,
};
const open: { stop?: () => unknown; shutdown?: () => unknown }[] = [];

async function receive(): Promise<HttpReceiver> {
  const receiver = await new HttpReceiver().start();
  open.push(receiver);
  return receiver;
}

function start(options: StartTracingOptions): Tracing {
  const tracing = startTracing({ register: false, ...options });
  open.push(tracing);
  return tracing;
}

function send(messages: number): void {
  addTo(seriesFor(sentMessages, attributes), messages);
}

const sums = (requests: readonly (readonly ReceivedPoint[])[]): number[] => requests.flat().map(({ value }) => value);

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- the last opened is closed first
    await (each.shutdown ?? each.stop)?.call(each);
  }
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('an independent decoder reads the same from both encodings', async () => {
  const reader = new MetricsReader('cumulative');
  send(2 ** 40);
  addTo(seriesFor(messagesInFlight, attributes), -1);
  for (const value of [0.001, 0.02, 0.02, 99]) {
    recordIn(seriesFor(operationDuration, attributes), operationDuration.boundaries!, value);
  }
  open.push({ stop: observeLevels((note) => note({ definition: consumerLag, attributes, value: 7 })) });
  await observe();
  const request = {
    resource: { attributes: { 'service.name': 'shop', list: ['a', 'b'], ratio: 0.5, on: true } } as never,
    scope: { name: 'mqtrace', version: '1' },
    metrics: reader.collect().metrics,
  };
  reader.close();
  const points = decodeMetrics(encodeMetrics(new ProtobufWriter(16), request), false);
  expect(decodeMetrics(Buffer.from(JSON.stringify(metricsToJson(request))), true)).toEqual(points);
  expect(points).toMatchObject([
    {
      resource: { 'service.name': 'shop', list: ['a', 'b'], ratio: 0.5, on: true },
      scope: 'mqtrace',
      name: 'messaging.client.sent.messages',
      unit: '{message}',
      kind: 'sum',
      temporality: 'cumulative',
      isMonotonic: true,
      attributes,
      value: 2 ** 40,
    },
    { name: 'mqtrace.messages.in_flight', isMonotonic: false, temporality: 'cumulative', value: -1 },
    {
      name: 'messaging.client.operation.duration',
      kind: 'histogram',
      count: 4,
      min: 0.001,
      max: 99,
      bucketCounts: [1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      explicitBounds: operationDuration.boundaries,
    },
    { name: 'mqtrace.consumer.lag', kind: 'gauge', temporality: 'unspecified', attributes, value: 7 },
  ]);
  const [{ startTimeUnixNano, timeUnixNano }] = points as [ReceivedPoint];
  expect(Number(startTimeUnixNano / 1_000_000n)).toBeGreaterThan(Date.now() - 60_000);
  expect(timeUnixNano).toBeGreaterThanOrEqual(startTimeUnixNano);
});

test.each(['http/protobuf', 'http/json'] as const)(
  'metrics are sent by %s to the destination of spans, at a flush and the shutdown',
  async (protocol) => {
    const receiver = await receive();
    const tracing = start({ serviceName: 'shop', metrics: true, export: { protocol, endpoint: receiver.url } });
    send(3);
    await tracing.flush();
    send(2);
    await tracing.shutdown();
    expect(sums(receiver.metrics)).toEqual([3, 5]);
    expect(receiver.metrics[0]).toMatchObject([{ resource: { 'service.name': 'shop' }, temporality: 'cumulative' }]);
    expect(metricsEpoch()).toBe(0);
  },
);

test('metrics are sent by gRPC', async () => {
  const receiver = await new GrpcReceiver().start();
  open.push(receiver);
  const tracing = start({ metrics: true, export: { protocol: 'grpc', endpoint: receiver.url, headers: { key: 'k' } } });
  send(3);
  await tracing.flush();
  expect(sums(receiver.metrics)).toEqual([3]);
  expect(receiver.metadata?.get('key')).toEqual(['k']);
});

test('metrics are sent at an interval', async () => {
  const receiver = await receive();
  vi.stubEnv('OTEL_METRIC_EXPORT_INTERVAL', '20');
  start({ metrics: true, export: { endpoint: receiver.url } });
  send(3);
  await vi.waitFor(() => expect(receiver.metrics.length).toBeGreaterThan(1));
  expect(sums(receiver.metrics).at(-1)).toBe(3);
});

test('without the option nothing is counted or sent', async () => {
  const receiver = await receive();
  const tracing = start({ export: { endpoint: receiver.url } });
  expect(metricsEpoch()).toBe(0);
  await tracing.flush();
  expect(receiver.received.requests).toBe(0);
});

test('OTEL_METRICS_EXPORTER=none disables them', async () => {
  vi.stubEnv('OTEL_METRICS_EXPORTER', 'none');
  const receiver = await receive();
  start({ metrics: true, export: { endpoint: receiver.url } });
  expect(metricsEpoch()).toBe(0);
});

test('OTEL_METRICS_EXPORTER=console prints them', async () => {
  vi.stubEnv('OTEL_METRICS_EXPORTER', 'console');
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const tracing = start({ metrics: true });
  send(3);
  recordIn(seriesFor(operationDuration, attributes), operationDuration.boundaries!, 0.5);
  open.push({ stop: observeLevels((note) => note({ definition: consumerLag, attributes: { queue: 'a' }, value: 7 })) });
  await tracing.flush();
  const of =
    'messaging.system.name=kafka messaging.operation.name=send messaging.destination.name=orders server.port=9092';
  expect(log.mock.calls.map(([line]) => String(line)).toSorted()).toEqual([
    `messaging.client.operation.duration count=1 sum=0.5 ${of}`,
    `messaging.client.sent.messages 3 ${of}`,
    'mqtrace.consumer.lag 7 queue=a',
  ]);
});

test('the variables for metrics define their destination, those for traces do not', async () => {
  const [spans, metrics] = [await receive(), await receive()];
  vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', spans.url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', metrics.url.replace('/v1/traces', '/v1/metrics'));
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'key=k');
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'http/json');
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_COMPRESSION', 'gzip');
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'delta');
  const tracing = start({ metrics: true });
  send(3);
  tracing.tracer.startSpan('span').end();
  await tracing.flush();
  send(1);
  await tracing.flush();
  await tracing.flush();
  expect(sums(metrics.metrics)).toEqual([3, 1]);
  expect(metrics.metrics[0]![0]!.temporality).toBe('delta');
  expect(metrics.received.headers).toMatchObject({
    key: 'k',
    'content-type': 'application/json',
    'content-encoding': 'gzip',
  });
  expect(spans.metrics).toEqual([]);
  expect(spans.received.spans.size).toBe(1);
});

test('each destination that accepts OTLP gets them, others are skipped', async () => {
  const [one, two] = [await receive(), await receive()];
  const tracing = start({
    metrics: { temporality: 'delta' },
    export: {
      destinations: [{ endpoint: one.url }, { protocol: 'zipkin' }, { protocol: 'http/json', endpoint: two.url }],
    },
  });
  send(3);
  await tracing.flush({ timeoutMs: 500 });
  expect([sums(one.metrics), sums(two.metrics)]).toEqual([[3], [3]]);
});

test('what a receiver has not accepted is part of the next export, also with delta temporality', async () => {
  const receiver = await receive();
  receiver.behaviour = { status: 503 };
  const tracing = start({ metrics: { temporality: 'delta' }, export: { endpoint: receiver.url } });
  send(3);
  await tracing.flush({ timeoutMs: 200 });
  receiver.behaviour = {};
  send(1);
  await tracing.flush();
  await tracing.flush();
  expect(sums(receiver.metrics)).toEqual([4]);
});

test('metrics that a receiver rejects permanently are not sent again', async () => {
  const receiver = await receive();
  receiver.behaviour = { status: 400 };
  const tracing = start({ metrics: { temporality: 'delta' }, export: { endpoint: receiver.url } });
  send(3);
  await tracing.flush();
  receiver.behaviour = {};
  send(1);
  await tracing.flush();
  expect(sums(receiver.metrics)).toEqual([1]);
});

test.each([
  [{ interval: 1 }, /interval.*intervalMs/s],
  [{ intervalMs: 0 }, /startTracing\(\{ metrics \}\)\.intervalMs/],
  [{ temporality: 'lowmemory' }, /one of cumulative, delta/],
  ['yes', /true, false or an object of options/],
])('metrics: %o is rejected', (metrics, message) => {
  expect(() => startTracing({ metrics } as never)).toThrow(message);
});
