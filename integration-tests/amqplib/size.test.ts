import { type ChannelModel, connect } from 'amqplib';
import { droppedHeaders, withBaggage } from 'mqtrace';
import { traceConnection } from 'mqtrace/amqplib';
import { expect, test } from 'vitest';
import { failure } from '../../test-support/inputs.ts';
import { useRabbitMQ } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');
const baggage = (bytes: number) => ({ big: 'x'.repeat(bytes) });
const withFrameMax = (frameMax: number): Promise<ChannelModel> =>
  connect(`${rabbit.url}?frameMax=${frameMax}`).then((connection) =>
    traceConnection(connection, { tracerProvider: recording.tracerProvider }),
  );

// amqplib's buffer is 64 KiB; a table of one long string takes 4 + 1 + 'mine' + 1 + 4 bytes around it.
test.each<[string, number, number, (keyof { traceparent: 1; baggage: 1 })[]]>([
  ['with space for all headers', 50_000, 4000, ['traceparent', 'baggage']],
  ['without space for the baggage', 64_000, 4000, ['traceparent']],
  ['with 60 KiB of headers and one entry of 8 KiB', 60 * 1024, 8192 - 'big='.length, ['traceparent']],
  ['without space for any header', 65_536 - 14, 100, []],
])('a message %s under amqplib’s 64 KiB is sent with what fits, once', async (_, bytes, baggageBytes, carried) => {
  const channel = await rabbit.traced.createConfirmChannel();
  const queue = await rabbit.queue();
  const headers = { mine: 'y'.repeat(bytes) };
  const before = droppedHeaders()['amqp-table-full'];
  withBaggage(baggage(baggageBytes), () => channel.sendToQueue(queue, body, { headers }));
  await channel.waitForConfirms();
  const { mine, 'mqtrace-sent-at': __, ...rest } = (await rabbit.read(queue)).properties.headers ?? {};
  expect(mine).toBe(headers.mine);
  expect(Object.keys(rest).toSorted()).toEqual(carried.toSorted());
  expect((await rabbit.looker.checkQueue(queue)).messageCount).toBe(0);
  expect(droppedHeaders()['amqp-table-full'] > before).toBe(carried.length < 2);
  expect(recording.span(`publish ${queue}`).status.code).toBe(0);
});

test('60 KiB of the application’s headers and 8 KiB of baggage: as many whole baggage members as fit are sent', async () => {
  const channel = await rabbit.traced.createConfirmChannel();
  const queue = await rabbit.queue();
  const entries = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`key${i + 10}`, 'v'.repeat(120)]));
  const whole = Object.entries(entries).map(([key, value]) => `${key}=${value}`);
  const headers = { mine: 'y'.repeat(60 * 1024), nested: { deep: [1, 'two'] } };
  withBaggage(entries, () => channel.sendToQueue(queue, body, { headers, messageId: 'm' }));
  await channel.waitForConfirms();
  const { traceparent, baggage: kept, ...rest } = (await rabbit.read(queue)).properties.headers ?? {};
  expect(rest).toMatchObject(headers);
  expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  const members = String(kept).split(',');
  expect(members).toEqual(whole.slice(0, members.length));
  expect(members.length).toBeGreaterThan(25);
  expect(members.length).toBeLessThan(64);
});

test('the application’s oversized headers are rejected by amqplib as without tracing', async () => {
  const [raw, traced] = [await rabbit.raw.createConfirmChannel(), await rabbit.traced.createConfirmChannel()];
  const options = { headers: { mine: 'y'.repeat(70_000) } };
  const expected = await failure(() => raw.sendToQueue('q', body, options));
  expect(expected).toBeInstanceOf(RangeError);
  expect(await failure(() => traced.sendToQueue('q', body, options))).toEqual(expected);
  await traced.waitForConfirms();
  expect(recording.span('publish q').attributes['error.type']).toBe('RangeError');
});

test('on a connection with small frames the trace is sent without the baggage, because the broker would close the connection', async () => {
  const connection = await withFrameMax(4096);
  const channel = await connection.createConfirmChannel();
  const queue = await rabbit.queue();
  withBaggage(baggage(4000), () => channel.sendToQueue(queue, body, { messageId: 'm', CC: ['a'] }));
  withBaggage(baggage(4000), () => channel.sendToQueue(queue, body, { headers: { mine: 'y'.repeat(3950) } }));
  await channel.waitForConfirms();
  const [small, large] = [await rabbit.read(queue), await rabbit.read(queue)];
  expect(small.properties.headers).toHaveProperty('traceparent');
  expect(small.properties.headers).not.toHaveProperty('baggage');
  expect(Object.keys(large.properties.headers ?? {})).toEqual(['mine']);
  await connection.close();
});
