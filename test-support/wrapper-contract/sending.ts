// Tests every way to send.
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { withBaggage } from 'mqtrace';
import { describe, expect, it } from 'vitest';
import { deepFreeze } from '../inputs.ts';
import { underSpan } from '../spans.ts';
import { type Bench, splitHeaders } from './bench.ts';
import { outcomes } from './outcome.ts';
import type { Session } from './subject.ts';

export function describeSending(bench: Bench): void {
  const { recording, subject } = bench;

  describe.each(bench.shapes.sends)('sending: %s', (shape) => {
    it('returns and resolves to the same as the raw client', async () => {
      const run = async (session: Session): Promise<unknown> =>
        bench.sendOutcome(session, shape, await bench.observer.newDestination());
      expect(await run(bench.wrapped)).toEqual(await run(bench.raw));
    });

    it('calls and messages have the order of the raw client', async () => {
      const run = async (session: Session): Promise<unknown> => {
        const destination = await bench.observer.newDestination();
        const send = session.sends[shape]!;
        const log: string[] = [];
        const calls = ['a', 'b', 'c'].map(async (name) => {
          const result = send.call(send.input(destination, bench.bodies(send, name)));
          log.push(`${name} called`);
          await Promise.resolve(result).catch(() => {});
          log.push(`${name} ended`);
          return result;
        });
        log.push('all called');
        const ended = await Promise.allSettled(calls);
        const succeeded = ended.filter(({ status }) => status === 'fulfilled').length;
        const messages = await bench.observer.read(destination, succeeded * send.messagesPerCall);
        return [log, ended.map(({ status }) => status), messages.map(({ body }) => body)];
      };
      expect(await run(bench.wrapped)).toEqual(await run(bench.raw));
    });

    it('accepts frozen and shared input, also repeatedly, and never writes to it', async () => {
      const destination = await bench.observer.newDestination();
      const send = bench.wrapped.sends[shape]!;
      const bodies = bench.bodies(send);
      const make = (): unknown[] => send.input(destination, bodies, { own: 'header' });
      const input = deepFreeze(make());
      await withBaggage({ tenant: 'acme' }, async () => send.call(input));
      await send.call(input);
      expect(input).toEqual(make());
      const messages = await bench.observer.read(destination, bodies.length * 2);
      expect(messages.map(({ body }) => body)).toEqual([...bodies, ...bodies]);
      expect(messages.map(({ headers }) => headers['own'])).toEqual(messages.map(() => 'header'));
      const baggage = messages.map(({ headers }) => headers['baggage']);
      expect(baggage).toEqual([...bodies.map(() => 'tenant=acme'), ...bodies.map(() => undefined)]);
      expect(new Set(messages.map(({ headers }) => headers['traceparent'])).size).toBe(messages.length);
    });

    it('adds the context of the active span to the message, and changes nothing else', async () => {
      const rawDestination = await bench.observer.newDestination();
      const destination = await bench.observer.newDestination();
      const rawSend = bench.raw.sends[shape]!;
      const send = bench.wrapped.sends[shape]!;
      const bodies = bench.bodies(send);
      await rawSend.call(rawSend.input(rawDestination, bodies, { own: 'header' }));
      const app = await underSpan(recording, async (active) => {
        await send.call(send.input(destination, bodies, { own: 'header' }));
        return active;
      });
      const messages = await bench.observer.read(destination, bodies.length);
      const expected = await bench.observer.read(rawDestination, bodies.length);
      expect(messages.map(({ body, headers }) => ({ body, headers: splitHeaders(headers).others }))).toEqual(expected);
      for (const { headers } of messages) expect(headers['traceparent']).toMatch(new RegExp(`^00-${app.traceId}-`));
    });

    it('creates no span and writes no header if tracing is suppressed', async () => {
      const destination = await bench.observer.newDestination();
      const send = bench.wrapped.sends[shape]!;
      const bodies = bench.bodies(send);
      await context.with(suppressTracing(context.active()), async () => send.call(send.input(destination, bodies)));
      expect(recording.spans()).toEqual([]);
      const messages = await bench.observer.read(destination, bodies.length);
      expect(messages.map(({ headers }) => splitHeaders(headers).trace)).toEqual(messages.map(() => ({})));
    });
  });

  it('further calls: have the results and errors of the raw client', async () => {
    const run = async (session: Session): Promise<unknown> => {
      const destination = await bench.observer.newDestination();
      return outcomes(session.furtherCalls(destination), subject.normalize, destination);
    };
    expect(await run(bench.wrapped)).toEqual(await run(bench.raw));
    expect(recording.open()).toEqual([]);
  });
}
