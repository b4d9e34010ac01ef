// Tests wrappers with broken tracing: each part in turn, with each kind of failure, on the real broker.
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { tracingFaults } from 'mqtrace';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, collect, eventually } from './bench.ts';
import { BrokenTracing, type Failure, failures, faults, parts } from './broken-tracing.ts';
import { outcome, type Outcome, outcomes } from './outcome.ts';
import type { Receiving, Session } from './subject.ts';

/** The fault matrix: every part of tracing broken in turn, in one session, since joining a consumer group takes seconds. */
export function describeFaults(bench: Bench): void {
  const { subject, shapes } = bench;
  const { normalize } = subject;

  describe('with tracing broken', () => {
    const tracing = new BrokenTracing();
    const { tracerProvider, propagator } = tracing;
    let session: Session;
    const receivings: Receiving[] = [];
    /** A destination for each way to receive. */
    const destinations: string[] = [];
    const handled: string[][] = [];
    const expectedSends: Record<string, Outcome> = {};
    let expectedCalls: Record<string, Outcome>;
    let number = 0;

    beforeAll(async () => {
      const rawDestination = await bench.observer.newDestination();
      for (const shape of shapes.sends) {
        expectedSends[shape] = await bench.sendOutcome(bench.raw, shape, rawDestination);
      }
      const another = await bench.observer.newDestination();
      expectedCalls = await outcomes(bench.raw.furtherCalls(another), normalize, another);
      context.disable();
      context.setGlobalContextManager(tracing.contextManager);
      session = await subject.open({ tracerProvider, propagator });
      for (const [at, shape] of shapes.receives.entries()) {
        const bodies: string[] = [];
        handled.push(bodies);
        destinations.push(await bench.observer.newDestination());
        const receiving = await session.receives[shape]!.start(destinations[at]!, async (body) => {
          bodies.push(body);
          await new Promise((resolve) => setImmediate(resolve));
        });
        receivings.push(receiving);
      }
    });
    afterEach(() => tracing.break(undefined));
    afterAll(async () => {
      for (const receiving of receivings) await receiving.stop();
      await session?.close();
      context.disable();
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    });

    /**
     * Sends with a shape, and waits until all messages were handled. One after the other, because two channels of a
     * client have no common order.
     */
    const sendAndHandle = async (shape: string, at: number): Promise<void> => {
      const send = session.sends[shape]!;
      const bodies = bench.bodies(send, `${number++}`);
      const found = await outcome(() => send.call(send.input(destinations[at]!, bodies)), normalize);
      expect([shape, found]).toEqual([shape, expectedSends[shape]]);
      await eventually(() => expect(handled[at]!.length).toBeGreaterThanOrEqual(bodies.length));
      expect(handled[at]!.splice(0)).toEqual(bodies);
    };

    it.each(faults)('%s %s: the application sees the same as with the raw client', async (part, failure) => {
      const before = tracingFaults();
      tracing.break(part, failure);
      for (let at = 0; at < Math.max(shapes.sends.length, shapes.receives.length); at++) {
        await sendAndHandle(shapes.sends[at % shapes.sends.length]!, at % shapes.receives.length);
      }
      const destination = await bench.observer.newDestination();
      expect(await outcomes(session.furtherCalls(destination), normalize, destination)).toEqual(expectedCalls);
      for (const each of destinations) {
        await eventually(async () => expect(await bench.observer.unsettled(each)).toBe(0));
      }
      // Not every behaviour is a fault: a setter may return undefined. Exceptions are always counted.
      if (tracing.broken > 0 && failure === 'throws') expect(tracingFaults()).toBeGreaterThan(before);
    });

    it('works again after the repair', async () => {
      tracing.ended.length = 0;
      await sendAndHandle(bench.firstSend, 0);
      await eventually(() => {
        const types = tracing.ended.map(({ attributes }) => attributes['messaging.operation.type']);
        expect(types).toEqual(expect.arrayContaining(['send', 'process']));
      });
    });

    it.each(parts)('%s throws: clients are wrapped and connect', async (part) => {
      tracing.break(part, 'throws');
      const late = await subject.open({ tracerProvider, propagator });
      await expect(bench.send(late, destinations[0]!, 'sent')).resolves.toBeUndefined();
      await eventually(() => expect(handled[0]).toEqual(['sent']));
      handled[0]!.length = 0;
      await late.close();
    });
  });

  /** Sends and receives one message in a separate session, and returns the number of faults. */
  const useOnce = async (options: object): Promise<number> => {
    const before = tracingFaults();
    const session = await bench.openWrapped(options);
    const destination = await bench.observer.newDestination();
    await bench.send(session, destination, '1');
    const bodies: string[] = [];
    await collect(session.receives[bench.firstReceive]!, destination, 1, (body) => void bodies.push(body));
    await session.close();
    expect(bodies).toEqual(['1']);
    return tracingFaults() - before;
  };

  it.each(failures)('a provider whose getTracer %s: clients are wrapped, and messages pass', async (failure) => {
    expect(await useOnce({ tracerProvider: { getTracer: () => fail(failure) } })).toBeGreaterThan(0);
  });

  it.each<[Failure, number]>([
    ['throws', 6],
    ['returns a rejected promise', 6],
    // Undefined is a valid result for baggage, trust and hooks, and null for trust and hooks.
    ['returns undefined', 2],
    ['returns null', 3],
  ])('functions as options, each of which %s: messages pass, and each failure is counted', async (failure, atLeast) => {
    const broken = (): never => fail(failure);
    const hooks = { ignoreDestinations: broken, onSend: broken, onProcess: broken };
    const capture = { captureHeaders: { names: ['*'], redact: broken } };
    const count = await useOnce({ parenting: broken, baggage: broken, trust: broken, ...hooks, ...capture });
    expect(count).toBeGreaterThanOrEqual(atLeast);
  });
}

function fail(failure: Failure): never {
  if (failure === 'returns null') return null as never;
  if (failure === 'returns undefined') return undefined as never;
  if (failure === 'returns a rejected promise') return Promise.reject(new Error('broken')) as never;
  throw new Error('broken');
}
