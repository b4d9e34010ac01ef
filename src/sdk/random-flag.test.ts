import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { extract, inject } from '../propagation/index.ts';
import { MqtraceSpanProcessor } from './index.ts';
import { cleanUpAfterEach, receiver, start } from './testing/fixture.ts';

cleanUpAfterEach();

const traceId = '0af7651916cd43dd8448eb211c80319c';
const from = (flags: string): ReturnType<typeof extract> =>
  extract(kafkaHeaders, { traceparent: `00-${traceId}-b7ad6b7169203331-${flags}` });

test.each([
  ['03', 3],
  ['01', 1],
])('below a parent with flags %s, spans and their children are exported with flags %i', async (given, flags) => {
  const collector = await receiver();
  const tracing = start({ export: { endpoint: collector.url } });
  context.with(from(given), () =>
    tracing.span('outer', (outer) => {
      expect(outer.spanContext().traceFlags).toBe(flags);
      tracing.span('inner', () => {
        expect(inject(kafkaHeaders, {})['traceparent']).toMatch(new RegExp(`^00-${traceId}-.*-${given}$`));
      });
    }),
  );
  await tracing.flush();
  expect(collector.spans.map((span) => [span.name, span.flags & 0xff])).toEqual([
    ['inner', flags],
    ['outer', flags],
  ]);
});

test('roots have the flag, because their ids are random, and propagate it', async () => {
  const collector = await receiver();
  const exporter = new InMemorySpanExporter();
  const tracing = start({
    export: { endpoint: collector.url },
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  let sent: string | undefined;
  tracing.span('root', () => {
    sent = String(inject(kafkaHeaders, {})['traceparent']);
  });
  await tracing.flush();
  expect(sent).toMatch(/-03$/);
  expect(exporter.getFinishedSpans().map((span) => span.spanContext().traceFlags)).toEqual([3]);
  expect(collector.spans.map((span) => span.flags & 0xff)).toEqual([3]);
});

test('a span below an unrecorded span keeps the flag of the trace', async () => {
  const collector = await receiver();
  const processor = new MqtraceSpanProcessor({ endpoint: collector.url });
  const sampler = {
    shouldSample: (_context: unknown, _traceId: string, name: string) => ({ decision: name === 'outer' ? 0 : 2 }),
    toString: () => 'by name',
  };
  const tracer = new TracerProvider({ sampler, spanProcessors: [processor] }).getTracer('test');
  const parent = from('03');
  tracer.startSpan('inner', {}, trace.setSpan(parent, tracer.startSpan('outer', {}, parent))).end();
  await processor.shutdown();
  expect(collector.spans.map((span) => [span.name, span.flags & 0xff])).toEqual([['inner', 3]]);
});

test("in the application's own provider the flag is kept; roots are not changed, because its ids may not be random", async () => {
  const collector = await receiver();
  const processor = new MqtraceSpanProcessor({ endpoint: collector.url });
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  for (const parent of [from('03'), from('01'), ROOT_CONTEXT]) {
    const span = tracer.startSpan('span', {}, parent);
    tracer.startSpan('child', {}, trace.setSpan(parent, span)).end();
    span.end();
  }
  await processor.shutdown();
  expect(collector.spans.map((span) => span.flags & 0xff)).toEqual([3, 3, 1, 1, 1, 1]);
});
