// rascal and rabbitmq-client on a real RabbitMQ: concurrent publishes, consumers and replies, each in its own trace.
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, type SpanContext, SpanStatusCode, trace } from '@opentelemetry/api';
import { getBaggage, withBaggage } from 'mqtrace';
import { traceRabbitClient } from 'mqtrace/rabbitmq-client';
import { traceRascal } from 'mqtrace/rascal';
import { Connection, ConsumerStatus } from 'rabbitmq-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { failure, uniqueName } from '../../test-support/inputs.ts';
import { until } from '../../test-support/serve.ts';
import { recordRegisteredSpans, underSpan } from '../../test-support/spans.ts';
import { useBroker } from './rabbitmq.ts';

const spans = recordRegisteredSpans();
const { url, newQueue, next } = useBroker();
const require = createRequire(import.meta.url);

/** Calls twelve times at once, each in a trace and with baggage of its own. */
function twelve(send: (n: number) => Promise<unknown>): Promise<SpanContext[]> {
  return Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      underSpan(
        spans,
        (app) =>
          withBaggage({ n: String(n) }, async () => {
            await send(n);
            return app;
          }),
        ROOT_CONTEXT,
      ),
    ),
  );
}

/** How many of the messages of a queue, whose bodies are their numbers, are in the trace of their sender. */
async function inOwnTraces(queue: string, senders: readonly SpanContext[]): Promise<number> {
  let right = 0;
  for (let count = 0; count < senders.length; count++) {
    const { content, properties } = await next(queue);
    const n = Number(content.toString());
    const { headers } = properties;
    expect(headers?.['baggage']).toBe(`n=${n}`);
    if (String(headers?.['traceparent']).slice(3, 35) === senders[n]?.traceId) right++;
  }
  return right;
}

interface Session {
  on(event: string, listener: (...args: never[]) => unknown): Session;
}
interface RascalBroker {
  publish(name: string, message: unknown, overrides?: object): Promise<Session>;
  subscribe(name: string): Promise<Session>;
  shutdown(): Promise<void>;
  on(event: string, listener: () => void): void;
}

describe('rascal', () => {
  traceRascal({
    amqplib: require('amqplib/callback_api') as never,
    publication: require('rascal/lib/amqp/Publication') as never,
  });
  const { BrokerAsPromised, withDefaultConfig } = require('rascal') as {
    BrokerAsPromised: { create(config: object): Promise<RascalBroker> };
    withDefaultConfig: (config: object) => object;
  };

  async function newBroker(queue: string, poolSize: number): Promise<RascalBroker> {
    const pool = { min: 1, max: poolSize };
    const broker = await BrokerAsPromised.create(
      withDefaultConfig({
        vhosts: {
          '/': {
            connections: [url.href],
            queues: { [queue]: { check: true, assert: false } },
            publicationChannelPools: { regularPool: pool, confirmPool: pool },
            publications: { confirmed: { queue, confirm: true }, plain: { queue, confirm: false } },
            subscriptions: { all: { queue } },
          },
        },
      }),
    );
    broker.on('error', () => {});
    onTestFinished(() => broker.shutdown());
    return broker;
  }

  test.each([
    ['confirmed', 1],
    ['confirmed', 3],
    ['plain', 1],
  ])('12 concurrent publishes are each in their own trace (%s, %s channels)', async (name, poolSize) => {
    const queue = await newQueue();
    const broker = await newBroker(queue, poolSize);
    const senders = await twelve(async (n) => {
      const session = await broker.publish(name, String(n));
      const own = trace.getActiveSpan()?.spanContext().spanId;
      await new Promise<void>((resolve) => {
        session.on('success', () => {
          expect(trace.getActiveSpan()?.spanContext().spanId).toBe(own);
          resolve();
        });
      });
    });
    expect(await inOwnTraces(queue, senders)).toBe(12);
    expect(spans.named(`publish ${queue}`)).toHaveLength(12);
  });

  test('a subscription handles a message in its trace, and the span ends when it is acknowledged', async () => {
    const queue = await newQueue();
    const broker = await newBroker(queue, 1);
    const seen: unknown[] = [];
    const subscription = await broker.subscribe('all');
    subscription.on('message', async (_message: never, content: string, ackOrNack: () => void) => {
      await sleep(5);
      seen.push([content, getBaggage().getEntry('n')?.value, spans.open()]);
      ackOrNack();
    });
    const [sender] = await Promise.all([
      underSpan(spans, async (app) => {
        await withBaggage({ n: '7' }, () => broker.publish('confirmed', 'hello'));
        return app;
      }),
      until(() => spans.named(`process ${queue}`).length === 1),
    ]);
    expect(seen).toEqual([['hello', '7', [`process ${queue}`]]]);
    expect(spans.span(`process ${queue}`).spanContext().traceId).toBe(sender.traceId);
  });

  test('modules that are not the ones are named', async () => {
    expect(await failure(() => traceRascal({} as never))).toMatchObject({ code: 'INVALID_CLIENT' });
    expect(await failure(() => traceRascal({ amqplib: { connect() {} } } as never))).toMatchObject({
      message: expect.stringContaining('rascal/lib/amqp/Publication') as string,
    });
  });
});

describe('rabbitmq-client', () => {
  function newConnection(): Connection {
    const connection = new Connection(url.href);
    connection.on('error', () => {});
    expect(traceRabbitClient(connection)).toBe(connection);
    expect(traceRabbitClient(connection)).toBe(connection);
    onTestFinished(() => connection.close());
    return connection;
  }

  test.each([true, false])('12 concurrent publishes are each in their own trace (confirm: %s)', async (confirm) => {
    const queue = await newQueue();
    const publisher = newConnection().createPublisher({ confirm });
    const envelope = Object.freeze({ routingKey: queue, headers: Object.freeze({ mine: 'yes' }) });
    const senders = await twelve((n) => publisher.send(n % 2 === 0 ? envelope : queue, Buffer.from(String(n))));
    expect(await inOwnTraces(queue, senders)).toBe(12);
    expect(envelope.headers).toEqual({ mine: 'yes' });
    expect(spans.named(`publish ${queue}`)[0]?.attributes).toMatchObject({
      'messaging.system.name': 'rabbitmq',
      'server.port': Number(url.port || 5672),
    });
    await publisher.close();
  });

  test('consumers handle messages in their traces, with concurrency, and a failure is on the span', async () => {
    const queue = await newQueue();
    const connection = newConnection();
    const publisher = connection.createPublisher({ confirm: true });
    const seen: unknown[] = [];
    const consumer = connection.createConsumer(
      { queue, queueOptions: { passive: true }, concurrency: 2, requeue: false },
      async (message) => {
        await sleep(1);
        const n = Number(String(message.body));
        seen[n] = [getBaggage().getEntry('n')?.value, trace.getActiveSpan()?.spanContext().traceId];
        if (n === 3) throw new RangeError('no');
        return n === 4 ? ConsumerStatus.DROP : undefined;
      },
    );
    consumer.on('error', () => {});
    const senders = await twelve((n) => publisher.send(queue, String(n)));
    await until(() => spans.named(`process ${queue}`).length === 12);
    expect(seen).toEqual(senders.map(({ traceId }, n) => [String(n), traceId]));
    const failed = spans.named(`process ${queue}`).filter(({ status }) => status.code === SpanStatusCode.ERROR);
    expect(failed.map(({ attributes }) => attributes['error.type'])).toEqual(['RangeError']);
    await consumer.close();
    await publisher.close();
  });

  test('a request and its reply are one trace', async () => {
    const queue = await newQueue();
    const connection = newConnection();
    const server = connection.createConsumer({ queue, queueOptions: { passive: true } }, async (message, reply) => {
      await reply(`${String(message.body)}!`);
    });
    const client = connection.createRPCClient({ confirm: true });
    const app = await underSpan(spans, async (span) => {
      expect((await client.send(queue, 'hello')).body).toBe('hello!');
      return span;
    });
    await until(() => spans.named(`process ${queue}`).length === 1);
    await client.close();
    await server.close();
    const inTrace = spans.spans().filter((span) => span.spanContext().traceId === app.traceId);
    const names = inTrace.map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['application', 'publish', `process ${queue}`, `publish ${queue}`]));
    expect(names).toHaveLength(4);
  });

  test('errors are those of the client', async () => {
    const channel = await newConnection().acquire();
    await channel.close();
    const error = await failure(() => channel.basicPublish(uniqueName('q'), 'x'));
    expect(error).toMatchObject({ code: 'CH_CLOSE' });
    expect(spans.spans().map(({ status }) => status.code)).toEqual([SpanStatusCode.ERROR]);
    expect(await failure(() => traceRabbitClient({} as never))).toMatchObject({ code: 'INVALID_CLIENT' });
  });
});
