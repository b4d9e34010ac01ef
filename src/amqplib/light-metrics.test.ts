import { context, type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareMetrics, type Run } from '../../test-support/same-metrics.ts';
import { suppressTracing } from '../common/suppression.ts';
import { processMessage, traceChannel } from './index.ts';
import type { MessageLike } from './types.ts';

type Settle = 'ack' | 'nack' | 'reject';

/** What a handler does with its message, in this order, and how it ends. */
interface Handling {
  does: (Settle | 'process' | 'process later' | 'ack up to' | 'publish' | 'deliver' | 'close')[];
  /** Whether each of its settlements delivers another message before it returns. */
  delivers: boolean;
  ends: 'returns' | 'throws' | 'resolves' | 'rejects' | 'thenable';
}

/** Of the messages that are delivered while another handler runs. */
const plainly: Handling = { does: ['ack'], delivers: false, ends: 'returns' };

type Step =
  | ({ what: 'deliver'; kind: number } & Handling)
  | { what: 'ack' | 'nack' | 'reject' | 'ack up to' | 'process'; at: number; suppressed: boolean; fails: boolean }
  | { what: 'ack all' | 'recover' | 'settle a promise' | 'fail and close' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('deliver' as const),
      kind: fc.nat(7),
      does: fc.array(
        fc.oneof(
          { weight: 12, arbitrary: fc.constantFrom('ack' as const, 'nack' as const, 'reject' as const) },
          { weight: 6, arbitrary: fc.constantFrom('process' as const, 'process later' as const, 'ack up to' as const) },
          { weight: 4, arbitrary: fc.constantFrom('publish' as const, 'deliver' as const) },
          { weight: 1, arbitrary: fc.constant('close' as const) },
        ),
        { maxLength: 3 },
      ),
      delivers: fc.boolean(),
      ends: fc.constantFrom(
        'returns' as const,
        'returns' as const,
        'throws' as const,
        'resolves' as const,
        'rejects' as const,
        'thenable' as const,
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom(
        'ack' as const,
        'nack' as const,
        'reject' as const,
        'ack up to' as const,
        'process' as const,
      ),
      at: fc.nat(12),
      suppressed: fc.boolean(),
      fails: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('settle a promise' as const) }) },
  fc.record({ what: fc.constantFrom('ack all' as const, 'recover' as const, 'fail and close' as const) }),
);

const traceparent = (tag: number, flags: string): string =>
  `00-0af7651916cd43dd8448eb211c80319c-${tag.toString(16).padStart(16, '0')}-${flags}`;

function messageOf(tag: number, kind: number): MessageLike {
  const unsampled = { traceparent: traceparent(tag, '00') };
  const headers: object | undefined = [
    unsampled,
    unsampled,
    { ...unsampled, 'mqtrace-sent-at': String(1_760_000_000_000 - tag * 700) },
    { ...unsampled, 'mqtrace-sent-at': String(1_760_000_900_000) },
    { ...unsampled, 'x-delivery-count': 2 },
    { ...unsampled, 'x-death': [{ queue: 'q', count: 3, reason: 'rejected' }] },
    { traceparent: traceparent(tag, '02') },
    undefined,
  ][kind];
  return {
    fields: {
      deliveryTag: tag,
      redelivered: tag % 4 === 0,
      exchange: tag % 5 === 0 ? 'x' : '',
      routingKey: tag % 3 === 0 ? 'k' : 'q',
    },
    properties: { headers, messageId: tag % 7 === 0 ? `m${tag}` : undefined },
  };
}

/** Runs the steps on a traced stub with a clock that only the steps advance. */
async function run(steps: readonly Step[], { options, clock }: Run, noAck: boolean): Promise<void> {
  let deliver: (message: unknown) => unknown = () => {};
  let fails = false;
  let handling: Handling = plainly;
  const messages: MessageLike[] = [];
  /** Delivers a message while a handler runs: its own handler only acknowledges it. */
  const deliverWithin = (kind: number): void => {
    const outer = handling;
    handling = plainly;
    const message = messageOf(messages.length + 1, kind);
    messages.push(message);
    deliver(message);
    handling = outer;
  };
  const settle = (): void => {
    clock.ticks += 3;
    if (handling.delivers) deliverWithin(2);
    clock.ticks += 4;
    if (fails) throw new TypeError('not settled');
  };
  const channel = traceChannel(
    {
      connection: { serverProperties: {} },
      consume: async (_queue: string, handler: typeof deliver) => ((deliver = handler), { consumerTag: 'c' }),
      ack: settle,
      nack: settle,
      reject: settle,
      ackAll: settle,
      nackAll: settle,
      get() {},
      publish: () => ((clock.ticks += 9), true),
      sendToQueue: () => true,
      recover: settle,
      emit: () => true,
      on() {},
      once() {},
      close() {},
    } as never,
    options,
  ) as unknown as Record<Settle | 'publish' | 'ackAll' | 'recover' | 'emit', (...args: unknown[]) => void> & {
    consume(queue: string, handler: (message: MessageLike) => unknown, options: object): Promise<unknown>;
  };
  const waiting: (() => void)[] = [];
  const later = (): Promise<void> => new Promise((resolve) => void waiting.push(resolve));
  await channel.consume(
    'q',
    (message) => {
      const { does, ends } = handling;
      for (const each of does) {
        clock.ticks += 7;
        if (each === 'process') processMessage(message, () => void (clock.ticks += 11));
        else if (each === 'process later') void processMessage(message, later);
        else if (each === 'ack up to') channel.ack(message, true);
        else if (each === 'publish') channel.publish('', 'k', Buffer.from('v'), {});
        else if (each === 'deliver') deliverWithin(3);
        else if (each === 'close') channel.emit('close');
        else channel[each](message);
      }
      clock.ticks += 13;
      if (ends === 'throws') throw new RangeError('not handled');
      if (ends === 'resolves') return later();
      if (ends === 'rejects') return later().then(() => Promise.reject(new SyntaxError('not handled')));
      // oxlint-disable-next-line unicorn/no-thenable -- amqplib ignores the result
      return ends === 'thenable' ? { then() {} } : undefined;
    },
    { noAck },
  );
  const attempt = (call: () => unknown, within: Context = ROOT_CONTEXT): void => {
    try {
      const result = context.with(within, call);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      // As the client would handle it; the series have the error.
    }
  };
  for (const each of steps) {
    clock.ticks += 17;
    if (each.what === 'deliver') {
      handling = each;
      const message = messageOf(messages.length + 1, each.kind);
      messages.push(message);
      attempt(() => deliver(message));
      handling = plainly;
    } else if ('at' in each) {
      const message = messages[each.at];
      if (message === undefined) continue;
      ({ fails } = each);
      attempt(
        () => {
          if (each.what === 'process') processMessage(message, () => void (clock.ticks += 19));
          else if (each.what === 'ack up to') channel.ack(message, true);
          else channel[each.what](message);
        },
        each.suppressed ? suppressTracing(ROOT_CONTEXT) : ROOT_CONTEXT,
      );
      fails = false;
    } else if (each.what === 'settle a promise') waiting.shift()?.();
    else if (each.what === 'ack all') attempt(() => channel.ackAll());
    else if (each.what === 'recover') attempt(() => channel.recover());
    else {
      channel.emit('error', new URIError('of the channel'));
      channel.emit('close');
    }
    // Reactions to settled promises run now.
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

test.each([false, true])('messages without a span have the metrics of others, with noAck %s', async (noAck) => {
  const faults = await compareMetrics(fc.array(step, { maxLength: 20 }), 200, (steps, given) =>
    run(steps, given, noAck),
  );
  expect(faults).toBe(0);
});
