import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { SpanStatusCode } from '@opentelemetry/api';
import { connect } from 'amqplib';
import { traceConnection } from 'mqtrace/amqplib';
import { expect, test, vi } from 'vitest';
import { asyncHandler, useRabbitMQ, withResolvers } from './rabbitmq.ts';

const rabbit = useRabbitMQ();
const { recording } = rabbit;
const body = Buffer.from('hello');

test('a handler that throws has the same effect on the channel as without tracing, and its span fails with the error', async () => {
  const errors: unknown[] = [];
  for (const traced of [false, true]) {
    const plain = await connect(rabbit.url);
    const connection = traced ? traceConnection(plain, { tracerProvider: recording.tracerProvider }) : plain;
    const channel = await connection.createChannel();
    const [queue, failed, closed] = [await rabbit.queue(), withResolvers<unknown>(), withResolvers<void>()];
    channel.on('error', failed.resolve);
    channel.on('close', closed.resolve);
    await channel.consume(queue, () => {
      throw new RangeError('handler');
    });
    rabbit.looker.sendToQueue(queue, body);
    errors.push(await failed.promise);
    await closed.promise;
    if (traced) {
      const span = recording.span(`process ${queue}`);
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'handler' });
      expect(span.attributes['error.type']).toBe('RangeError');
      expect(span.events.map(({ name }) => name)).toEqual(['exception']);
    }
    await connection.close();
  }
  expect(errors[0]).toMatchObject({ message: 'handler', code: 541 });
  expect(errors[1]).toEqual(errors[0]);
  expect(recording.open()).toEqual([]);
});

test('a handler that throws after its ack: the span fails, once', async () => {
  const channel = await rabbit.traced.createChannel();
  const [queue, failed] = [await rabbit.queue(), withResolvers<unknown>()];
  channel.on('error', failed.resolve);
  await channel.consume(queue, (message) => {
    channel.ack(message!);
    throw new Error('after');
  });
  channel.sendToQueue(queue, body);
  await failed.promise;
  await vi.waitFor(() => expect(recording.open()).toEqual([]));
  expect(recording.span(`process ${queue}`).status).toMatchObject({ code: SpanStatusCode.ERROR, message: 'after' });
});

test('with a listener for handler-error the channel stays open, as without tracing', async () => {
  const channel = await rabbit.traced.createChannel();
  const [queue, failed] = [await rabbit.queue(), withResolvers<unknown>()];
  channel.on('handler-error', failed.resolve);
  await channel.consume(queue, () => {
    throw new Error('handler');
  });
  channel.sendToQueue(queue, body);
  expect(await failed.promise).toEqual(new Error('handler'));
  await expect(channel.checkQueue(queue)).resolves.toHaveProperty('queue', queue);
  channel.ackAll();
  expect(recording.open()).toEqual([]);
});

test('a rejected promise fails the span, and a later ack does not end it twice', async () => {
  const channel = await rabbit.traced.createChannel();
  const [queue, arrived] = [await rabbit.queue(), withResolvers<void>()];
  const rejections = listenForRejections();
  const handler = asyncHandler(async () => {
    arrived.resolve();
    throw new TypeError('async');
  });
  await channel.consume(queue, handler);
  channel.sendToQueue(queue, body);
  await arrived.promise;
  await vi.waitFor(() => expect(rejections.seen).toEqual([new TypeError('async')]));
  channel.ackAll();
  rejections.stop();
  expect(recording.open()).toEqual([]);
  expect(recording.span(`process ${queue}`).attributes['error.type']).toBe('TypeError');
});

/** Collects the unhandled rejections of this process instead of vitest, which would fail the run. */
function listenForRejections(): { seen: unknown[]; stop: () => void } {
  const seen: unknown[] = [];
  const others = process.listeners('unhandledRejection');
  const listen = (reason: unknown): void => void seen.push(reason);
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', listen);
  return {
    seen,
    stop() {
      process.removeListener('unhandledRejection', listen);
      for (const other of others) process.on('unhandledRejection', other);
    },
  };
}

/** Runs a process whose handler rejects; returns its exit code and output. */
async function runRejecting(traced: boolean): Promise<{ code: unknown; stderr: string }> {
  const wrapper = new URL('../../src/amqplib/index.ts', import.meta.url).href;
  const program = `
    import { connect } from 'amqplib';
    import { traceConnection } from ${JSON.stringify(wrapper)};
    const plain = await connect(${JSON.stringify(rabbit.url)});
    const connection = ${traced ? 'traceConnection(plain)' : 'plain'};
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.consume(queue, async () => { throw new Error('unhandled on purpose'); });
    channel.sendToQueue(queue, Buffer.from('hello'));
    setTimeout(() => process.exit(0), 20_000);
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [unknown];
  return { code, stderr };
}

test('an unhandled rejection ends the process as with the raw client', async () => {
  const [raw, traced] = [await runRejecting(false), await runRejecting(true)];
  expect(raw.stderr).toContain('unhandled on purpose');
  expect(raw.code).toBe(1);
  expect(traced.stderr).toContain('unhandled on purpose');
  expect(traced.code).toBe(1);
});
