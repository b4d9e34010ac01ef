import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTracing } from 'mqtrace/sdk';
import type { Running } from '../brokers/broker.ts';
import { startBroker } from '../brokers/start.ts';
import { until } from '../brokers/wait.ts';
import { zipkin } from './zipkin-server.ts';

let server: Running<string>;

beforeAll(async () => {
  server = await startBroker(zipkin, (line) => process.stderr.write(`backends: ${line}\n`));
});
afterAll(() => server?.stop());

interface Found {
  readonly id: string;
  readonly annotations?: readonly { timestamp: number; value: string }[];
}

async function find(traceId: string, spans: number): Promise<Found[]> {
  return until(`trace ${traceId}`, async () => {
    const answer = await fetch(`${server.at}/api/v2/trace/${traceId}`);
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const found = (await answer.json()) as Found[];
    if (found.length < spans) throw new Error(`${found.length} of ${spans} spans`);
    return found;
  });
}

test('Zipkin shows every span unchanged: ids, parents, kinds, times in microseconds, tags, annotations, errors', async () => {
  const tracing = startTracing({
    export: {
      protocol: 'zipkin',
      endpoint: server.at,
    },
    serviceName: 'orders',
    deploymentEnvironment: 'test',
    register: false,
    environment: 'ignore',
  });
  const { tracer } = tracing;
  const started = Math.floor(Date.now() / 1000) - 5;
  const root = tracer.startSpan('send orders', {
    kind: SpanKind.PRODUCER,
    startTime: [started, 123_456_789],
    attributes: {
      text: 'äöü 😀',
      whole: 42,
      large: Number.MAX_SAFE_INTEGER,
      half: 0.5,
      yes: true,
      list: ['a', 'b'],
      numbers: [1, 2.5],
      error: 'false',
    },
  });
  const context = trace.setSpanContext(ROOT_CONTEXT, root.spanContext());
  const child = tracer.startSpan(
    'process orders',
    { kind: SpanKind.CONSUMER, startTime: [started, 200_000_999] },
    context,
  );
  child.addEvent('retried', { attempt: 2 }, [started, 300_000_001]);
  child.addEvent('plain', {}, [started, 310_000_000]);
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'payment refused' });
  child.end([started, 400_000_000]);
  const inner = tracer.startSpan('no kind', { startTime: [started, 1000] }, context);
  inner.setStatus({ code: SpanStatusCode.OK });
  inner.end([started, 1000]);
  root.end([started + 1, 0]);
  expect(await tracing.shutdown()).toEqual({ exported: 3, left: 0, dropped: 0 });

  const { traceId, spanId } = root.spanContext();
  const found = await find(traceId, 3);
  const byId = (id: string): Found | undefined => found.find((span) => span.id === id);
  const micros = started * 1_000_000;
  const localEndpoint = { serviceName: 'orders' };
  expect(byId(spanId)).toMatchObject({
    traceId,
    name: 'send orders',
    kind: 'PRODUCER',
    timestamp: micros + 123_456,
    duration: 876_543,
    localEndpoint,
    tags: {
      text: 'äöü 😀',
      whole: '42',
      large: '9007199254740991',
      half: '0.5',
      yes: 'true',
      list: '["a","b"]',
      numbers: '[1,2.5]',
      'deployment.environment.name': 'test',
    },
  });
  // Zipkin would show the span as failed.
  expect((byId(spanId) as { tags?: object }).tags).not.toHaveProperty('error');
  expect(byId(child.spanContext().spanId)).toMatchObject({
    traceId,
    parentId: spanId,
    name: 'process orders',
    kind: 'CONSUMER',
    timestamp: micros + 200_000,
    duration: 199_999,
    localEndpoint,
    tags: { error: 'payment refused', 'otel.status_code': 'ERROR' },
    annotations: [
      { timestamp: micros + 300_000, value: '{"retried":{"attempt":2}}' },
      { timestamp: micros + 310_000, value: 'plain' },
    ],
  });
  const local = byId(inner.spanContext().spanId);
  expect(local).toMatchObject({
    parentId: spanId,
    timestamp: micros + 1,
    duration: 1,
    tags: { 'otel.status_code': 'OK' },
  });
  expect(local).not.toHaveProperty('kind');
});

test('an outage of Zipkin delays spans, a redirect loses them, and both are counted', async () => {
  const away = startTracing({
    export: {
      protocol: 'zipkin',
      endpoint: 'http://127.0.0.1:1',
    },
    register: false,
    environment: 'ignore',
  });
  away.span('waits', () => undefined);
  expect(await away.flush({ timeoutMs: 200 })).toEqual({ exported: 0, left: 1, dropped: 0 });
  expect(await away.shutdown({ timeoutMs: 50 })).toEqual({ exported: 0, left: 0, dropped: 1 });
  expect(away.stats().destinations[0]?.dropped.shutdown_deadline).toBe(1);

  // Here Zipkin answers with a redirect to its pages.
  const wrong = startTracing({
    export: {
      protocol: 'zipkin',
      endpoint: `${server.at}/zipkin`,
    },
    register: false,
    environment: 'ignore',
  });
  wrong.span('nowhere', () => undefined);
  expect(await wrong.shutdown()).toEqual({ exported: 0, left: 0, dropped: 1 });
  expect(wrong.stats().destinations[0]?.dropped.rejected).toBe(1);
});
