// amqp-connection-manager 4 and 5 on a real RabbitMQ, behind a proxy that cuts and refuses connections.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, type SpanContext, SpanStatusCode, trace } from '@opentelemetry/api';
import * as newest from 'amqp-connection-manager';
import * as first4 from 'amqp-connection-manager-4.0';
import * as last4 from 'amqp-connection-manager-4.1';
import type { Channel } from 'amqplib';
import { getBaggage, MqtraceError, withBaggage } from 'mqtrace';
import { traceConnectionManager } from 'mqtrace/amqp-connection-manager';
import { describe, expect, onTestFinished, test } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { until } from '../../test-support/serve.ts';
import { recordRegisteredSpans, underSpan } from '../../test-support/spans.ts';
import type { TcpProxy } from '../../test-support/tcp-proxy.ts';
import { useBroker } from './rabbitmq.ts';

const spans = recordRegisteredSpans();
const { url, newQueue, newProxy, next } = useBroker();
const body = Buffer.from('hello');

describe.each([
  ['5.0', newest],
  ['4.1', last4 as unknown as typeof newest],
  ['4.0', first4 as unknown as typeof newest],
])('amqp-connection-manager %s', (_, library) => {
  function rawManager(proxy?: TcpProxy): newest.AmqpConnectionManager {
    const address = new URL(url);
    if (proxy !== undefined) address.host = `127.0.0.1:${proxy.port}`;
    const manager = library.connect([address.href], { reconnectTimeInSeconds: 0.02 });
    onTestFinished(() => manager.close());
    return manager;
  }
  const managerOf = (proxy?: TcpProxy): newest.AmqpConnectionManager => traceConnectionManager(rawManager(proxy));

  /** Publishes six messages in all ways, each in its own trace and with its own baggage. Returns their spans. */
  async function publishSix(channel: newest.ChannelWrapper, queue: string): Promise<Promise<SpanContext>[]> {
    const options = Object.freeze({ persistent: true, headers: Object.freeze({ mine: 'yes' }) });
    const all: Promise<SpanContext>[] = [];
    for (let n = 0; n < 6; n++) {
      all.push(
        underSpan(
          spans,
          (app) =>
            withBaggage({ n: String(n) }, async () => {
              const content = Buffer.from(String(n));
              if (n % 3 === 0) await channel.sendToQueue(queue, content, options);
              else if (n % 3 === 1) await channel.publish('', queue, content);
              else {
                await new Promise<void>((resolve, reject) => {
                  void channel.publish('', queue, content, options, (error: unknown) => {
                    expect(trace.getActiveSpan()?.spanContext().spanId).toBe(app.spanId);
                    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- as the library gave it
                    if (error) reject(error);
                    else resolve();
                  });
                });
              }
              expect(trace.getActiveSpan()?.spanContext().spanId).toBe(app.spanId);
              return app;
            }),
          ROOT_CONTEXT,
        ),
      );
      await sleep(1);
    }
    expect(options).toEqual({ persistent: true, headers: { mine: 'yes' } });
    return all;
  }

  /** Checks each message, and counts the traces. */
  async function inOwnTraces(queue: string, sent: readonly Promise<SpanContext>[]): Promise<number> {
    const apps = await Promise.all(sent);
    const published = spans.named(`publish ${queue}`);
    expect(published.map((span) => String(span.parentSpanContext?.spanId)).toSorted()).toEqual(
      apps.map(({ spanId }) => spanId).toSorted(),
    );
    for (const [n, app] of apps.entries()) {
      const message = await next(queue);
      const { headers } = message.properties;
      expect(message.content.toString()).toBe(String(n));
      expect(String(headers?.['traceparent']).slice(3, 35)).toBe(app.traceId);
      expect(headers?.['baggage']).toBe(`n=${n}`);
      expect(headers?.['mine']).toBe(n % 3 === 1 ? undefined : 'yes');
    }
    return new Set(published.map((span) => span.spanContext().traceId)).size;
  }

  test.each([true, false])('what waits for the first connection keeps its context (confirm: %s)', async (confirm) => {
    const proxy = await newProxy();
    proxy.cut();
    const channel = managerOf(proxy).createChannel({ confirm });
    const queue = await newQueue();
    const sent = await publishSix(channel, queue);
    expect(spans.named(`publish ${queue}`)).toEqual([]);
    proxy.allow();
    expect(await inOwnTraces(queue, sent)).toBe(6);
    expect(spans.open()).toEqual([]);
  });

  test('what waits for another connection keeps its context', async () => {
    const proxy = await newProxy();
    const manager = managerOf(proxy);
    const channel = manager.createChannel();
    await channel.waitForConnect();
    const disconnected = once(manager, 'disconnect');
    proxy.cut();
    await disconnected;
    const queue = await newQueue();
    const sent = await publishSix(channel, queue);
    proxy.allow();
    expect(await inOwnTraces(queue, sent)).toBe(6);
  });

  test('messages on a channel that was created in a request are in the traces of their own publish calls', async () => {
    const queue = await newQueue();
    const manager = managerOf();
    await once(manager, 'connect');
    const sent = await underSpan(spans, () => publishSix(manager.createChannel(), queue));
    expect(await inOwnTraces(queue, sent)).toBe(6);
  });

  test('a publish whose confirm is lost fails, in the trace of its call', async () => {
    const proxy = await newProxy();
    const channel = managerOf(proxy).createChannel();
    await channel.waitForConnect();
    const queue = await newQueue();
    const app = await underSpan(spans, async (span) => {
      const sending = failure(() => channel.sendToQueue(queue, body));
      proxy.cut();
      expect(await sending).toMatchObject({ message: 'channel closed' });
      return span;
    });
    const { parentSpanContext, status } = spans.span(`publish ${queue}`);
    expect([parentSpanContext?.spanId, status.code]).toEqual([app.spanId, SpanStatusCode.ERROR]);
  });

  test('consumers are traced, also those that are created again, by consume and in setup', async () => {
    const proxy = await newProxy();
    const [one, two] = [await newQueue(), await newQueue()];
    const manager = managerOf(proxy);
    const seen: unknown[] = [];
    const note = (queue: string): void => {
      seen.push([queue, getBaggage().getEntry('n')?.value, trace.getActiveSpan()?.spanContext().traceId]);
    };
    const channel = manager.createChannel({
      setup: (inner: Channel) =>
        inner.consume(two, (message) => {
          note(two);
          if (message !== null) inner.ack(message);
        }),
    });
    await channel.consume(one, (message) => {
      note(one);
      channel.ack(message);
    });
    await channel.waitForConnect();
    const expected: unknown[] = [];
    for (const round of ['first', 'second']) {
      for (const queue of [one, two]) {
        const app = await underSpan(spans, async (span) => {
          await withBaggage({ n: round }, () => channel.sendToQueue(queue, body));
          return span;
        });
        expected.push([queue, round, app.traceId]);
        await until(() => seen.length === expected.length);
      }
      if (round === 'second') break;
      // A reply of the broker: it has the acknowledgements.
      await channel.checkQueue(one);
      const disconnected = once(manager, 'disconnect');
      proxy.cut();
      await disconnected;
      proxy.allow();
      await channel.waitForConnect();
    }
    expect(seen).toEqual(expected);
    expect(spans.named(`process ${one}`)).toHaveLength(2);
    expect(spans.named(`process ${two}`)).toHaveLength(2);
    expect(spans.named(`ack ${one}`)).toHaveLength(2);
  });

  test("a process span ends with the handler's promise, also after the ack, and has its error", async () => {
    const queue = await newQueue();
    const channel = managerOf().createChannel();
    let openAfterAck: readonly string[] = [];
    await channel.consume(queue, (async (message: never) => {
      channel.ack(message);
      await sleep(10);
      openAfterAck = spans.open();
      throw new RangeError('no');
    }) as never);
    const unhandled: unknown[] = [];
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', (reason) => unhandled.push(reason));
    await channel.sendToQueue(queue, body);
    await until(() => spans.named(`process ${queue}`).length === 1 && unhandled.length > 0);
    process.removeAllListeners('unhandledRejection');
    for (const listener of listeners) process.on('unhandledRejection', listener);
    expect(openAfterAck).toEqual([`process ${queue}`]);
    const { status, attributes } = spans.span(`process ${queue}`);
    expect([status.code, attributes['error.type']]).toEqual([SpanStatusCode.ERROR, 'RangeError']);
    // As without tracing: the manager leaves the promise to Node.
    expect(unhandled).toEqual([new RangeError('no')]);
  });

  test.each([
    ['at the ack', false],
    ['at its return, with noAck', true],
  ])('a handler without a promise ends %s', async (__, noAck) => {
    const queue = await newQueue();
    const channel = managerOf().createChannel();
    let open: readonly string[] | undefined;
    await channel.consume(
      queue,
      (message) => {
        setTimeout(() => {
          open = spans.open();
          if (!noAck) channel.ack(message);
        }, 5);
      },
      { noAck },
    );
    await channel.sendToQueue(queue, body);
    await until(() => open !== undefined);
    expect(open).toEqual(noAck ? [] : [`process ${queue}`]);
    await until(() => spans.named(`process ${queue}`).length === 1);
  });

  test('a manager that is connected and has channels is traced from then on', async () => {
    const queue = await newQueue();
    const proxy = await newProxy();
    const manager = rawManager(proxy);
    const channel = manager.createChannel();
    await channel.waitForConnect();
    expect(traceConnectionManager(manager)).toBe(manager);
    expect(traceConnectionManager(manager)).toBe(manager);
    expect(await inOwnTraces(queue, await publishSix(channel, queue))).toBe(6);
    spans.clear();
    const disconnected = once(manager, 'disconnect');
    proxy.cut();
    await disconnected;
    const sent = await publishSix(channel, queue);
    proxy.allow();
    expect(await inOwnTraces(queue, sent)).toBe(6);
  });

  test('results, errors and looks are those of the library', async () => {
    const [plain, traced] = [rawManager(), managerOf()];
    const channels = [plain.createChannel({ json: true }), traced.createChannel({ json: true })] as const;
    expect(Object.keys(traced).toSorted()).toEqual(Object.keys(plain).toSorted());
    expect(Object.keys(channels[1]).toSorted()).toEqual(Object.keys(channels[0]).toSorted());
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const outcomes: unknown[] = [];
    for (const channel of channels) {
      await channel.waitForConnect();
      outcomes.push([
        channel.publish.length,
        channel.publish.name,
        await channel.publish('', uniqueName('nowhere'), { a: 1 }),
        String(await failure(() => channel.publish('', 'x', circular))),
        String(await failure(() => channel.sendToQueue('x', circular))),
        String(await failure(() => channel.publish(7 as never, 'x', {}))),
      ]);
      await channel.close();
      outcomes.push(String(await failure(() => channel.get('x'))));
    }
    expect(outcomes.slice(2)).toEqual(outcomes.slice(0, 2));
  });
});

test('an invalid connection manager and a wrong option are named in the error', async () => {
  expect(await failure(() => traceConnectionManager({ createChannel: () => {} } as never))).toMatchObject({
    code: 'INVALID_CLIENT',
  });
  expect(await failure(() => traceConnectionManager(undefined as never))).toBeInstanceOf(MqtraceError);
  expect(await failure(() => traceConnectionManager({} as never, { sever: 1 } as never))).toMatchObject({
    code: 'INVALID_OPTION',
  });
});
