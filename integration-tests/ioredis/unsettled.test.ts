import { type Context, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { expect, it } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { linked, recordSpans } from '../../test-support/spans.ts';
import { rawRedis, tracedRedis } from './setup.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const sampled = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: '1af7651916cd43dd8448eb211c80319c',
  spanId: '10f067aa0ba902b7',
  traceFlags: 1,
});

/** A group that can read two entries of a sampled and two of an unsampled trace, and whose traced client samples a share of roots. */
async function written(ratio: number, options = {}): Promise<ReturnType<typeof tracedRedis> & { stream: string }> {
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  const traced = tracedRedis({}, { recording: recordSpans({ sampler }), ...options });
  const stream = uniqueName('orders');
  const raw = rawRedis();
  await raw.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
  for (const [id, flags] of [
    ['1-1', '00'],
    ['1-2', '01'],
    ['1-3', '02'],
    ['1-4', '03'],
  ] as const) {
    await raw.xadd(stream, id, 'a', '1', 'traceparent', `00-${traceId}-00f067aa0ba902b${id.at(-1)}-${flags}`);
  }
  return { ...traced, stream };
}

const creation = (id: string): string => `${traceId}-00f067aa0ba902b${id.at(-1)}`;
const unsampled = propagation.setBaggage(
  trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: '00f067aa0ba902b7', traceFlags: 0 }),
  propagation.createBaggage(),
);

it.each([
  ['read in a sampled trace', sampled, 0, ['1-1', '1-2', '1-3', '1-4']],
  ['read where roots may be sampled', ROOT_CONTEXT, 1e-9, ['1-1', '1-2', '1-3', '1-4']],
  // Their XACK usually has no span, so entries of unsampled traces are not kept in memory.
  ['read where no root is sampled', ROOT_CONTEXT, 0, ['1-2', '1-4']],
  ['read in an unsampled trace', unsampled, 0, ['1-2', '1-4']],
] as [string, Context, number, string[]][])(
  'a sampled XACK links the entries that were %s',
  async (_, reading, ratio, links) => {
    for (const method of ['xreadgroup', 'xreadgroupBuffer'] as const) {
      const { redis, recording, stream } = await written(ratio);
      await context.with(reading, () => redis[method]('GROUP', 'g', 'c', 'STREAMS', stream, '>'));
      await context.with(sampled, () => redis.xack(stream, 'g', '1-1', '1-2', '1-3', '1-4'));
      const span = recording.span(`xack ${stream}`);
      expect(linked(span)).toStrictEqual(links.map(creation));
      expect(span.attributes['messaging.batch.message_count']).toBe(4);
      expect(span.links.map((link) => link.attributes?.['messaging.message.id'])).toStrictEqual(links);
    }
  },
);

it.each([{}, { fastPath: false }])('an XACK without a span releases its entries as well, with %o', async (options) => {
  const { redis, recording, stream } = await written(1e-9, options);
  await redis.xreadgroup('GROUP', 'g', 'c', 'STREAMS', stream, '>');
  await context.with(unsampled, () => redis.xack(stream, 'g', '1-1', Buffer.from('1-2')));
  await context.with(sampled, () => redis.xack(stream, 'g', '1-1', '1-2', '1-3'));
  expect(linked(recording.span(`xack ${stream}`))).toStrictEqual([creation('1-3')]);
});
