import { type ConsumeStreamOptions, consumeStream, type RunningConsumer, type StreamMessage } from 'mqtrace/ioredis';
import { afterEach } from 'vitest';
import { rawRedis } from './setup.ts';

const running: RunningConsumer[] = [];

// Vitest fails a run in which a rejection is unhandled.
afterEach(async () => {
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
});

/** A consumer that records its handled messages and reported errors. */
export interface Consuming extends RunningConsumer {
  handled: StreamMessage[];
  errors: unknown[];
  /** Resolves when this number of messages has been handled in total. */
  next(count: number): Promise<StreamMessage[]>;
}

/** Starts a consumer that is stopped after the test. */
export function consume(
  redis: Parameters<typeof consumeStream>[0],
  options: ConsumeStreamOptions,
  handler: (message: StreamMessage) => unknown = () => undefined,
): Consuming {
  const handled: StreamMessage[] = [];
  const errors: unknown[] = [];
  let check = (): void => {};
  const consumer = consumeStream(redis, { onError: (error) => errors.push(error), ...options }, async (message) => {
    try {
      await handler(message);
    } finally {
      handled.push(message);
      check();
    }
  });
  running.push(consumer);
  const next = (count: number): Promise<StreamMessage[]> =>
    new Promise((resolve) => {
      check = (): void => {
        if (handled.length >= count) resolve(handled);
      };
      check();
    });
  return Object.assign(consumer, { handled, errors, next });
}

/** The number of entries of a group that are delivered and not acknowledged. */
export async function pendingOf(stream: string, group: string): Promise<unknown> {
  const [count] = (await rawRedis().xpending(stream, group)) as [number];
  return count;
}

/**
 * Waits until a consumer is blocked in a read; returns the id of its connection, which has the name of the duplicated
 * client.
 */
export async function blockedReader(connectionName: string): Promise<number> {
  const raw = rawRedis();
  for (;;) {
    const lines = String(await raw.client('LIST')).split('\n');
    const blocked = lines.find((line) => line.includes(`name=${connectionName} `) && / flags=\w*b/.test(line));
    if (blocked !== undefined) return Number(/id=(\d+)/.exec(blocked)![1]);
  }
}
