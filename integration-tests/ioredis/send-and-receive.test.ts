import { propagation, SpanKind, trace } from '@opentelemetry/api';
import { getBaggage, withBaggage } from 'mqtrace';
import { processMessage, type StreamEntryLike } from 'mqtrace/ioredis';
import { describe, expect, it } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { idOf, linked, underSpan } from '../../test-support/spans.ts';
import { rawRedis, serverAttributes, tracedRedis } from './setup.ts';

type Reply = [stream: string, entries: [id: string, fields: string[]][]][];

describe('a message through a stream', () => {
  it('is one trace from XADD to XREADGROUP and XACK, with its baggage', async () => {
    const { redis, recording } = tracedRedis();
    const [stream, group] = [uniqueName('orders'), uniqueName('billing')];
    await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');

    const id = await underSpan(recording, () =>
      withBaggage({ tenant: 'acme' }, () => redis.xadd(stream, '*', 'total', 12, 'name', 'Ann')),
    );
    const application = recording.span('application');
    const send = recording.span(`xadd ${stream}`);
    expect(send.kind).toBe(SpanKind.PRODUCER);
    expect(send.parentSpanContext?.spanId).toBe(application.spanContext().spanId);
    expect(send.attributes).toStrictEqual({
      'messaging.system.name': 'redis',
      'messaging.operation.name': 'xadd',
      'messaging.operation.type': 'send',
      'messaging.destination.name': stream,
      'messaging.message.id': id,
      ...serverAttributes(),
    });

    const reply = (await redis.xreadgroup('GROUP', group, 'one', 'COUNT', 10, 'STREAMS', stream, '>')) as Reply;
    expect(reply).toStrictEqual([[stream, [[id, ['total', '12', 'name', 'Ann']]]]]);
    const receive = recording.span(`xreadgroup ${stream}`);
    expect(receive.kind).toBe(SpanKind.CLIENT);
    expect(receive.parentSpanContext).toBeUndefined();
    expect(linked(receive)).toStrictEqual([idOf(send)]);
    expect(receive.links[0]?.attributes).toStrictEqual({ 'messaging.message.id': id });
    expect(receive.attributes).toStrictEqual({
      'messaging.system.name': 'redis',
      'messaging.operation.name': 'xreadgroup',
      'messaging.operation.type': 'receive',
      'messaging.destination.name': stream,
      'messaging.batch.message_count': 1,
      'messaging.consumer.group.name': group,
      'messaging.client.id': 'one',
      ...serverAttributes(),
    });

    const entry = reply[0]![1][0]!;
    const seen = await processMessage(entry, async (given) => {
      expect(given).toBe(entry);
      expect(propagation.getActiveBaggage()?.getEntry('tenant')?.value).toBe('acme');
      await redis.xack(stream, group, given[0]);
      return trace.getActiveSpan()?.spanContext();
    });
    const process = recording.span(`process ${stream}`);
    expect(process.spanContext()).toStrictEqual(seen);
    expect(process.kind).toBe(SpanKind.CONSUMER);
    expect(process.parentSpanContext?.spanId).toBe(send.spanContext().spanId);
    expect(process.spanContext().traceId).toBe(application.spanContext().traceId);
    expect(linked(process)).toStrictEqual([idOf(send)]);
    expect(process.attributes).toStrictEqual({
      'messaging.system.name': 'redis',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': stream,
      'messaging.message.id': id,
      'messaging.consumer.group.name': group,
      'messaging.client.id': 'one',
      'mqtrace.message.age': expect.any(Number),
      ...serverAttributes(),
    });

    const settle = recording.span(`xack ${stream}`);
    expect(settle.kind).toBe(SpanKind.CLIENT);
    expect(settle.parentSpanContext?.spanId).toBe(process.spanContext().spanId);
    expect(linked(settle)).toStrictEqual([idOf(send)]);
    expect(settle.attributes).toStrictEqual({
      'messaging.system.name': 'redis',
      'messaging.operation.name': 'xack',
      'messaging.operation.type': 'settle',
      'messaging.destination.name': stream,
      'messaging.message.id': id,
      'messaging.consumer.group.name': group,
      ...serverAttributes(),
    });
    expect(recording.open()).toStrictEqual([]);
  });

  it('is read by a client without mqtrace as sent, with the trace fields at its end', async () => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    await withBaggage({ tenant: 'acme' }, () => redis.xadd(stream, '*', 'total', 12));
    const { traceId, spanId } = recording.span(`xadd ${stream}`).spanContext();
    const [[, fields]] = (await rawRedis().xrange(stream, '-', '+')) as [[string, string[]]];
    expect(fields).toStrictEqual([
      'total',
      '12',
      'traceparent',
      `00-${traceId}-${spanId}-01`,
      'baggage',
      'tenant=acme',
    ]);
  });

  it.each([
    ['*', { age: true }],
    ['5-1', { age: false }],
  ])('written with the id %s has an age if the id contains a time', async (id, { age }) => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    await redis.xadd(stream, id, 'a', 'b');
    const reply = (await redis.xread('STREAMS', stream, '0')) as Reply;
    expect(recording.span(`xread ${stream}`).attributes['messaging.consumer.group.name']).toBeUndefined();
    expect(processMessage(reply[0]![1][0]!, () => 'result')).toBe('result');
    expect('mqtrace.message.age' in recording.span(`process ${stream}`).attributes).toBe(age);
  });

  it('of another writer is read, and one without context starts a new trace', async () => {
    const { redis, recording } = tracedRedis();
    const stream = uniqueName('orders');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03';
    const foreign = rawRedis();
    await foreign.xadd(stream, '1-1', 'Traceparent', traceparent, 'baggage', 'a=1', 'total', '12');
    await foreign.xadd(stream, '1-2', 'total', '13');
    await foreign.xadd(stream, '1-3', 'total', '14', 'traceparent', 'junk', 'baggage', ',,;=%zz');
    const reply = (await redis.xread('STREAMS', stream, '0')) as Reply;
    // Only a trailing run is hidden: elsewhere the names belong to the application.
    expect(reply[0]![1].map(([, fields]) => fields)).toStrictEqual([
      ['Traceparent', traceparent, 'baggage', 'a=1', 'total', '12'],
      ['total', '13'],
      ['total', '14'],
    ]);
    const [first, second, third] = reply[0]![1];
    processMessage(first!, () => expect(getBaggage().getEntry('a')?.value).toBe('1'));
    processMessage(second!, () => expect(getBaggage().getAllEntries()).toStrictEqual([]));
    processMessage(third!, () => undefined);
    const parents = recording
      .spans()
      .filter(({ name }) => name === `process ${stream}`)
      .map((span) => span.parentSpanContext?.spanId);
    expect(parents).toStrictEqual(['b7ad6b7169203331', undefined, undefined]);
  });

  it('of an untraced client is processed with the data that it contains', () => {
    const { redis } = tracedRedis();
    void redis;
    const entry: StreamEntryLike = [
      '1-1',
      ['a', 'b', 'traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ];
    expect(processMessage(entry, () => trace.getActiveSpan()?.spanContext().traceId)).toBe(
      '0af7651916cd43dd8448eb211c80319c',
    );
    expect(processMessage(['1-1', null], () => 'trimmed')).toBe('trimmed');
    // As servers before Redis 7 return deleted entries.
    for (const junk of [null, undefined, 7, {}, 'text']) {
      expect(processMessage(junk as StreamEntryLike, (given) => given)).toBe(junk);
    }
  });
});

it('a read of several streams records their names on its links, a read of one stream on its span', async () => {
  const { redis, recording } = tracedRedis();
  const [orders, returns] = [uniqueName('orders'), uniqueName('returns')];
  for (const stream of [orders, returns]) await redis.xadd(stream, '1-1', 'a', 'b');
  await redis.xread('STREAMS', orders, returns, '0', '0');
  const several = recording.span('xread');
  expect(several.attributes).toMatchObject({ 'messaging.batch.message_count': 2 });
  expect(several.attributes).not.toHaveProperty('messaging.destination.name');
  expect(several.links.map(({ attributes }) => attributes)).toStrictEqual(
    [orders, returns].map((stream) => ({ 'messaging.destination.name': stream, 'messaging.message.id': '1-1' })),
  );
  await redis.xread('STREAMS', orders, '0');
  const one = recording.span(`xread ${orders}`);
  expect(one.attributes).toMatchObject({ 'messaging.destination.name': orders });
  expect(one.links.map(({ attributes }) => attributes)).toStrictEqual([{ 'messaging.message.id': '1-1' }]);
});
