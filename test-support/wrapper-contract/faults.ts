// What a wrapper does where tracing is broken: each part in turn, by each failure, on the real broker.
import { context, propagation } from '@opentelemetry/api';
import { tracingFaults } from 'mqtrace';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Recording } from '../spans.ts';
import { BrokenTracing, type Failure, failures, type Part, parts } from './broken-tracing.ts';
import { collect, outcome } from './observe.ts';
import type { Session, WrapperSubject } from './subject.ts';

/** The fault matrix: every part of tracing broken in turn, in one session, since joining a consumer group takes seconds. */
export function describeFaults(
  subject: WrapperSubject,
  shapes: { sends: string[]; receives: string[] },
  raw: () => Session,
  recording: Recording,
): void {
  describe.each(shapes.receives)('with tracing broken, %s', (receive) => {
    const tracing = new BrokenTracing();
    let session: Session;
    let destination: string;
    let rawDestination: string;
    let receiving: { stop(): Promise<void> };
    const handled: string[] = [];
    let sent = 0;

    beforeAll(async () => {
      context.disable();
      context.setGlobalContextManager(tracing.contextManager);
      const { tracerProvider, propagator } = tracing;
      session = await subject.open({ tracerProvider, propagator });
      destination = await session.newDestination();
      rawDestination = await raw().newDestination();
      receiving = await session.receives[receive]!.start(destination, async (body) => {
        handled.push(body);
        await new Promise((resolve) => setImmediate(resolve));
      });
    });
    afterEach(() => tracing.break(undefined));
    afterAll(async () => {
      await receiving?.stop();
      await session?.close();
      context.disable();
      propagation.disable();
    });

    const cells = parts.flatMap((part) =>
      failures
        // What an SDK makes of a promise that its own sampler or processor returns is between these two.
        .filter((failure) => failure !== 'gives a rejected promise' || !/^(sampler|processor)/.test(part))
        .map((failure): [Part, Failure] => [part, failure]),
    );
    it.each(cells)('%s %s', async (part, failure) => {
      tracing.ended.length = 0;
      const faults = tracingFaults();
      const expected: string[] = [];
      handled.length = 0;
      // One shape after the other: two channels of a client have no common order.
      const allHandled = (): Promise<void> =>
        vi.waitFor(() => expect(handled.length).toBeGreaterThanOrEqual(expected.length), { timeout: 20_000 });
      tracing.break(part, failure);
      for (const shape of shapes.sends) {
        const send = session.sends[shape]!;
        const rawSend = raw().sends[shape]!;
        const bodies = Array.from({ length: send.fewest }, () => `${sent++}`);
        const given = await outcome(() => send.call(send.input(destination, bodies)), send.comparable);
        const right = await outcome(() => rawSend.call(rawSend.input(rawDestination, bodies)), rawSend.comparable);
        expect([shape, given]).toEqual([shape, right]);
        expected.push(...bodies);
        await allHandled();
      }
      expect(handled).toEqual(expected);
      await vi.waitFor(async () => expect(await subject.unsettled(destination, session)).toBe(0), { timeout: 20_000 });
      // Not every failure is one: a setter may well give undefined. What throws is always counted.
      if (tracing.broken > 0 && failure === 'throws') expect(tracingFaults()).toBeGreaterThan(faults);
    });

    it('works again when all is mended', async () => {
      tracing.ended.length = 0;
      const send = session.sends[shapes.sends[0]!]!;
      await send.call(send.input(destination, [`${sent++}`]));
      await vi.waitFor(() => {
        const types = tracing.ended.map(({ attributes }) => attributes['messaging.operation.type']);
        expect(types).toEqual(expect.arrayContaining(['send', 'process']));
      });
    });
  });

  it.each(failures)('a provider whose getTracer %s fails neither the wrapping nor the messages', async (failure) => {
    const provider = { getTracer: (): never => broken(failure) };
    const session = await subject.open({ tracerProvider: provider });
    const destination = await session.newDestination();
    const send = session.sends[shapes.sends[0]!]!;
    await send.call(send.input(destination, ['1']));
    const bodies: string[] = [];
    await collect(session.receives[shapes.receives[0]!]!, destination, 1, (body) => void bodies.push(body));
    await session.close();
    expect(bodies).toEqual(['1']);
  });

  it.each(['parenting', 'baggage', 'trust'] as const)(
    'an option %s that throws is a fault, and no more',
    async (name) => {
      const faults = tracingFaults();
      const session = await subject.open({
        tracerProvider: recording.tracerProvider,
        [name]: (): never => broken('throws'),
      });
      const destination = await session.newDestination();
      const send = session.sends[shapes.sends[0]!]!;
      await send.call(send.input(destination, ['1']));
      const bodies: string[] = [];
      await collect(session.receives[shapes.receives[0]!]!, destination, 1, (body) => void bodies.push(body));
      await session.close();
      expect(bodies).toEqual(['1']);
      expect(tracingFaults()).toBeGreaterThan(faults);
    },
  );
}

function broken(failure: Failure): never {
  if (failure === 'throws') throw new Error('broken');
  const promise = Promise.reject(new Error('broken'));
  if (failure !== 'gives a rejected promise') promise.catch(() => {});
  return (failure === 'gives null' ? null : failure === 'gives undefined' ? undefined : promise) as never;
}
