// Tests every way to receive.
import { context, type SpanContext, SpanStatusCode, trace } from '@opentelemetry/api';
import { getBaggage, tracingFaults, withBaggage } from 'mqtrace';
import { describe, expect, it } from 'vitest';
import { linked, underSpan } from '../spans.ts';
import { type Bench, collect, eventually, signal } from './bench.ts';
import { hostileHeaders } from './hostile-headers.ts';
import { unhandledRejections } from './outcome.ts';
import type { Session } from './subject.ts';

export function describeReceiving(bench: Bench): void {
  const { recording } = bench;

  describe.each(bench.shapes.receives)('receiving: %s', (shape) => {
    it('runs each handler in the trace and with the baggage of its message, and settles all messages', async () => {
      const destination = await bench.observer.newDestination();
      const app = await underSpan(recording, (active) =>
        withBaggage({ tenant: 'acme' }, async () => {
          await bench.send(bench.wrapped, destination, '1', '2');
          return active;
        }),
      );
      const seen: { body: string; active: SpanContext | undefined; tenant: string | undefined }[] = [];
      await collect(bench.wrapped.receives[shape]!, destination, 2, async (body) => {
        await new Promise((resolve) => setImmediate(resolve));
        const tenant = getBaggage().getEntry('tenant')?.value;
        seen.push({ body, active: trace.getSpanContext(context.active()), tenant });
      });
      expect(seen.map(({ body, tenant }) => [body, tenant])).toEqual([
        ['1', 'acme'],
        ['2', 'acme'],
      ]);
      expect(new Set(seen.map(({ active }) => active?.traceId))).toEqual(new Set([app.traceId]));
      await eventually(async () => expect(await bench.observer.unsettled(destination)).toBe(0));
      await eventually(() => expect(recording.open()).toEqual([]));
      const spans = recording.spans();
      for (const { active } of seen) {
        const span = spans.find((each) => each.spanContext().spanId === active?.spanId);
        expect(span?.attributes['messaging.operation.type']).toBe('process');
        const creation = spans.find((each) => each.spanContext().spanId === span?.parentSpanContext?.spanId);
        expect(creation?.attributes['messaging.operation.type']).toBe('send');
        expect(linked(span!)).toContain(`${app.traceId}-${creation?.spanContext().spanId}`);
      }
    });

    it('calls the handlers in the order of the raw client, awaited or not', async () => {
      const run = async (session: Session): Promise<unknown> => {
        const destination = await bench.observer.newDestination();
        const receive = session.receives[shape]!;
        await bench.send(session, destination, '1', '2');
        const log: string[] = [];
        const second = signal();
        await collect(receive, destination, 2, async (body) => {
          log.push(`${body} begins`);
          if (body === '2') second.give();
          else if (receive.awaitsHandler) await new Promise((resolve) => setTimeout(resolve, 30));
          else await second.given;
          log.push(`${body} ends`);
        });
        return log.indexOf('1 ends') < log.indexOf('2 begins');
      };
      const { awaitsHandler } = bench.raw.receives[shape]!;
      expect(await run(bench.raw)).toBe(awaitsHandler);
      expect(await run(bench.wrapped)).toBe(awaitsHandler);
    });

    it.each([
      ['throws', 'onThrow'],
      ['rejects', 'onReject'],
    ] as const)('a handler that %s has the effect that it has with the raw client', async (how, trait) => {
      const run = async (session: Session): Promise<unknown> => {
        const destination = await bench.observer.newDestination();
        await bench.send(session, destination, '1');
        const receive = session.receives[shape]!;
        let calls = 0;
        let errors: readonly string[] = [];
        const unhandled = await unhandledRejections(async (seen) => {
          const receiving = await receive.start(destination, () => {
            if (++calls > 1) return undefined;
            const error = Object.assign(new Error('handler'), { name: 'HandlerError' });
            if (how === 'throws') throw error;
            return Promise.reject(error);
          });
          await eventually(() => {
            if (receive[trait] === 'handled again') expect(calls).toBe(2);
            else if (receive[trait] === 'reported') expect(receiving.errors).toHaveLength(1);
            else expect(seen).toHaveLength(1);
          });
          await receiving.stop();
          ({ errors } = receiving);
        });
        return { calls, errors, unhandled };
      };
      const found = await run(bench.wrapped);
      expect(found).toEqual(await run(bench.raw));
      await eventually(() => expect(recording.open()).toEqual([]));
      const failed = recording.spans().filter(({ status }) => status.code === SpanStatusCode.ERROR);
      expect(failed.map(({ attributes }) => attributes['error.type'])).toContain('HandlerError');
    });

    it('handles messages with hostile headers as the raw client does', async () => {
      const hostile = hostileHeaders();
      const run = async (session: Session): Promise<string[]> => {
        const destination = await bench.observer.newDestination();
        await bench.observer.send(
          destination,
          hostile.map((headers, index) => ({ body: String(index), headers })),
        );
        const bodies: string[] = [];
        await collect(session.receives[shape]!, destination, hostile.length, (body) => void bodies.push(body));
        return bodies;
      };
      const faults = tracingFaults();
      expect(await run(bench.wrapped)).toEqual(await run(bench.raw));
      expect(tracingFaults()).toBe(faults);
      await eventually(() => expect(recording.open()).toEqual([]));
    });
  });
}
