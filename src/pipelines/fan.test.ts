import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { captureContext, extract, getBaggage, inject } from '../propagation/index.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { fanIn, fanOut, linksTo, mapInContext } from './index.ts';

const spans = recordRegisteredSpans();
const traceId = (i: number): string => (i + 1).toString(16).padStart(32, '0');
const spanId = (i: number): string => (i + 1).toString(16).padStart(16, '0');
const input = (i: number, baggage = 'tenant=a'): ReturnType<typeof extract> =>
  extract(kafkaHeaders, { traceparent: `00-${traceId(i)}-${spanId(i)}-01`, baggage });

test('linksTo accepts contexts, span contexts and captured contexts, removes duplicates and skips sources without a trace', () => {
  const links = linksTo([
    input(0),
    trace.getSpanContext(input(1))!,
    captureContext(input(2)),
    input(0),
    ROOT_CONTEXT,
    {},
    { traceId: 'x', spanId: 'y', traceFlags: 0 },
    null as never,
  ]);
  expect(links.map((link) => link.context.traceId)).toEqual([traceId(0), traceId(1), traceId(2)]);
});

test('fan-in: one span links all inputs, and their common baggage is active in it', async () => {
  const result = await fanIn(
    'total',
    [input(0, 'tenant=a,n=1'), input(1, 'tenant=a,n=2'), captureContext(input(2, 'n=3,tenant=a'))],
    async (span) => {
      await Promise.resolve();
      expect(trace.getSpan(context.active())).toBe(span);
      return getBaggage().getAllEntries();
    },
    { attributes: { day: 1 } },
  );
  expect(result).toEqual([['tenant', { value: 'a' }]]);
  const span = spans.span('total');
  expect(span.links.map((link) => link.context.spanId)).toEqual([spanId(0), spanId(1), spanId(2)]);
  expect(span.attributes).toEqual({ day: 1 });
  expect(span.parentSpanContext).toBeUndefined();
});

test('fan-in of 300 inputs: child spans link those beyond 128, so that no link is lost', () => {
  fanIn(
    'total',
    Array.from({ length: 300 }, (_, i) => input(i)),
    () => {},
    { baggage: 'none' },
  );
  const parts = spans.named('total');
  expect(parts.map((span) => span.links.length).sort((a, b) => b - a)).toEqual([128, 128, 44]);
  expect(new Set(parts.flatMap((span) => span.links.map((link) => link.context.traceId))).size).toBe(300);
  const first = parts.find((span) => span.parentSpanContext === undefined)!;
  expect(parts.filter((span) => span.parentSpanContext?.spanId === first.spanContext().spanId)).toHaveLength(2);
  expect(parts.every((span) => span.ended)).toBe(true);
});

test('fan-in: an error is recorded and reaches the caller', async () => {
  const error = new TypeError('no');
  await expect(fanIn('total', [], () => Promise.reject(error))).rejects.toBe(error);
  expect(() =>
    fanIn('sum', [], () => {
      throw error;
    }),
  ).toThrow(error);
  expect([spans.span('total').status.code, spans.span('sum').status.code]).toEqual([2, 2]);
});

test('fan-in and fan-out run the function even without a working tracer', () => {
  const tracer = {
    startSpan: (): never => {
      throw new Error('no');
    },
  } as never;
  expect(fanIn('total', [input(0)], () => 7, { tracer })).toBe(7);
  expect(fanOut('branch', [1, 2], (item) => item * 2, { tracer })).toEqual([2, 4]);
});

test('fan-out: few branches are child spans, many are linked traces; baggage is active in all', async () => {
  await context.with(input(0), async () => {
    const branches = await Promise.all(
      fanOut('branch', ['a', 'b'], async (item, index) => {
        await Promise.resolve();
        return [item, index, inject(kafkaHeaders, {})['traceparent'], getBaggage().getEntry('tenant')?.value];
      }),
    );
    const [a, b] = spans.named('branch').map((span) => span.spanContext());
    expect(branches).toEqual([
      ['a', 0, `00-${traceId(0)}-${a!.spanId}-01`, 'a'],
      ['b', 1, `00-${traceId(0)}-${b!.spanId}-01`, 'a'],
    ]);
    fanOut('many', Array.from({ length: 101 }), () => {});
    expect(new Set(spans.named('many').map((span) => span.spanContext().traceId)).size).toBe(101);
    expect(spans.named('many').every((span) => span.links[0]?.context.spanId === spanId(0))).toBe(true);
    fanOut('linked', [1], () => {}, { trace: 'link' });
    expect(spans.span('linked').spanContext().traceId).not.toBe(traceId(0));
    fanOut('children', Array.from({ length: 101 }), () => {}, { trace: 'child' });
    expect(spans.named('children').every((span) => span.spanContext().traceId === traceId(0))).toBe(true);
  });
});

test('invalid arguments and misspelt options throw', () => {
  expect(() => fanIn('all', [], Promise.resolve(1) as never)).toThrow(
    '[INVALID_OPTION] fanIn(name, inputs, fn): expected a function, got a promise (is an await missing?)',
  );
  expect(() => fanOut('each', [], undefined as never)).toThrow('fanOut(name, items, fn): expected a function');
  expect(() => mapInContext(undefined as never)).toThrow('mapInContext(fn): expected a function');
  expect(() => fanIn('all', [], () => 1, { bagage: 'none' } as never)).toThrow('did you mean "baggage"?');
  expect(() => fanOut('each', [], () => 1, { childen: 1 } as never)).toThrow('did you mean "children"?');
});
