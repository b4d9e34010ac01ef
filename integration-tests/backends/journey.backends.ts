import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { expect, inject, test } from 'vitest';
import { startTracing, type Tracing } from 'mqtrace/sdk';
import { type CliResult, runCli } from '../../test-support/run-cli.ts';
import type { JourneyAnswer } from '../../src/view/queries/types.ts';
import { until } from '../brokers/wait.ts';
import { queryTrace } from './jaeger.ts';

const { collectorHttp, jaeger } = inject('backends');

function service(serviceName: string): Tracing {
  return startTracing({
    serviceName,
    register: false,
    environment: 'ignore',
    export: { protocol: 'http/protobuf', endpoint: collectorHttp },
  });
}

const ask = (...args: string[]): Promise<CliResult> => runCli([...args, '--jaeger', jaeger]);

test('a trace is imported from Jaeger with the trace that its link leads to', async () => {
  const [shop, billing] = [service('shop'), service('billing')];
  const seconds = Math.floor(Date.now() / 1000) - 60;
  const attributes = { 'messaging.system.name': 'kafka', 'messaging.destination.name': 'orders' };
  const sent = shop.tracer.startSpan(
    'send orders',
    {
      kind: SpanKind.PRODUCER,
      startTime: [seconds, 0],
      attributes: { ...attributes, 'messaging.operation.type': 'send', 'messaging.operation.name': 'send' },
    },
    ROOT_CONTEXT,
  );
  sent.end([seconds, 2_000_000]);
  const processed = billing.tracer.startSpan(
    'process orders',
    {
      kind: SpanKind.CONSUMER,
      startTime: [seconds + 1, 250_000_000],
      attributes: { ...attributes, 'messaging.operation.type': 'process', 'messaging.operation.name': 'process' },
      links: [{ context: sent.spanContext() }],
    },
    ROOT_CONTEXT,
  );
  const charged = billing.tracer.startSpan(
    'charge',
    { startTime: [seconds + 1, 260_000_000] },
    trace.setSpan(ROOT_CONTEXT, processed),
  );
  charged.end([seconds + 1, 280_000_000]);
  processed.end([seconds + 1, 300_000_000]);
  await Promise.all([shop.shutdown(), billing.shutdown()]);
  const { traceId } = processed.spanContext();
  const upstream = sent.spanContext();
  await until('both traces', async () => {
    const [here, there] = await Promise.all([queryTrace(jaeger, traceId), queryTrace(jaeger, upstream.traceId)]);
    if (here.length < 2 || there.length < 1) throw new Error('not there yet');
  });

  const { out, error, code } = await ask('journey', traceId, '--json');
  expect(code).toBe(0);
  expect(error).toContain('Jaeger: 2 traces, 3 spans. Jaeger cannot find the traces that link to a trace');
  const answer = JSON.parse(out) as JourneyAnswer;
  expect(answer).toMatchObject({ traceId: upstream.traceId, spanId: upstream.spanId, destination: 'orders' });
  expect(
    answer.rows.map(({ kind, service, name, start, end }) => [kind, service, name, Math.round(end - start)]),
  ).toEqual([
    ['span', 'shop', 'send orders', 2],
    ['wait', '', expect.stringContaining('orders'), 1250],
    ['span', 'billing', 'process orders', 50],
    ['span', 'billing', 'charge', 20],
  ]);
  expect((await ask('map', '--trace', traceId)).out).toContain('Messages wait longest in orders for billing');
  expect((await ask('journey', '0'.repeat(31) + '1')).error).toContain('does not have the trace');
});
