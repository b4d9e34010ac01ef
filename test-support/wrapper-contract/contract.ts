// What is true of every wrapper, on the real broker: the raw and the wrapped client side by side.
import { inspect } from 'node:util';
import { context, type SpanContext, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { getBaggage, tracingFaults, withBaggage } from 'mqtrace';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { deepFreeze } from '../inputs.ts';
import { linked, recordSpans, underSpan } from '../spans.ts';
import { describeFaults } from './faults.ts';
import { hostileHeaders } from './hostile-headers.ts';
import { collect, outcome, type Outcome, traceHeaders } from './observe.ts';
import type { ContractOptions, Session, WrapperSubject } from './subject.ts';

/** Runs the contract for a client. */
export function describeWrapper(subject: WrapperSubject, shapes: { sends: string[]; receives: string[] }): void {
  const recording = recordSpans();
  let raw: Session;
  let wrapped: Session;
  beforeAll(async () => {
    raw = await subject.open(undefined);
    wrapped = await subject.open({ tracerProvider: recording.tracerProvider });
  });
  afterEach(() => recording.clear());
  afterAll(async () => {
    await raw?.close();
    await wrapped?.close();
  });

  const bodiesOf = (session: Session, shape: string): string[] =>
    Array.from({ length: session.sends[shape]!.fewest }, (_, index) => `${shape} ${index}`);

  it('the shapes that are tested are those that the client has', () => {
    expect(Object.keys(raw.sends)).toEqual(shapes.sends);
    expect(Object.keys(raw.receives)).toEqual(shapes.receives);
  });

  describe.each(shapes.sends)('%s', (shape) => {
    it('gives what the raw client gives, in the same way', async () => {
      const run = async (session: Session): Promise<Outcome> => {
        const destination = await session.newDestination();
        const send = session.sends[shape]!;
        return outcome(() => send.call(send.input(destination, bodiesOf(session, shape))), send.comparable);
      };
      expect(await run(wrapped)).toEqual(await run(raw));
    });

    it('takes frozen input, and the same input again, and never writes to it', async () => {
      const destination = await wrapped.newDestination();
      const send = wrapped.sends[shape]!;
      const bodies = bodiesOf(wrapped, shape);
      const make = (): unknown[] => send.input(destination, bodies, { own: 'header' });
      const input = deepFreeze(make());
      await withBaggage({ tenant: 'acme' }, async () => send.call(input));
      await send.call(input);
      expect(input).toEqual(make());
      const messages = await subject.readWire(destination, bodies.length * 2);
      expect(messages.map(({ body }) => body)).toEqual([...bodies, ...bodies]);
      expect(messages.map(({ headers }) => headers['own'])).toEqual(messages.map(() => 'header'));
      const baggage = messages.map(({ headers }) => headers['baggage']);
      expect(baggage).toEqual([...bodies.map(() => 'tenant=acme'), ...bodies.map(() => undefined)]);
      const parents = messages.map(({ headers }) => headers['traceparent']);
      expect(new Set(parents).size).toBe(messages.length);
    });

    it('puts the context of the active span on the wire, and lets nothing else change', async () => {
      const rawDestination = await raw.newDestination();
      const destination = await wrapped.newDestination();
      const bodies = bodiesOf(wrapped, shape);
      const rawSend = raw.sends[shape]!;
      await rawSend.call(rawSend.input(rawDestination, bodies, { own: 'header' }));
      const send = wrapped.sends[shape]!;
      const app = await underSpan(recording, async (active) => {
        await send.call(send.input(destination, bodies, { own: 'header' }));
        return active;
      });
      const messages = await subject.readWire(destination, bodies.length);
      const expected = await subject.readWire(rawDestination, bodies.length);
      expect(messages.map(({ body, headers }) => ({ body, headers: traceHeaders(headers).others }))).toEqual(expected);
      for (const { headers } of messages) expect(headers['traceparent']).toMatch(new RegExp(`^00-${app.traceId}-`));
    });

    it('leaves no span and no header where tracing is suppressed', async () => {
      const destination = await wrapped.newDestination();
      const send = wrapped.sends[shape]!;
      const bodies = bodiesOf(wrapped, shape);
      await context.with(suppressTracing(context.active()), async () => send.call(send.input(destination, bodies)));
      expect(recording.spans()).toEqual([]);
      const messages = await subject.readWire(destination, bodies.length);
      expect(messages.map(({ headers }) => traceHeaders(headers).ours)).toEqual(messages.map(() => ({})));
    });
  });

  it('answers wrong calls with the errors of the raw client, in the same way', async () => {
    // In sessions of their own: some of what is wrong makes brokers close the channel.
    const run = async (options: ContractOptions | undefined): Promise<[string, Outcome][]> => {
      const session = await subject.open(options);
      const destination = await session.newDestination();
      const all: [string, Outcome][] = [];
      for (const [name, call] of Object.entries(session.wrongCalls(destination))) {
        const found = await outcome(call, (result) => result);
        all.push([name, JSON.parse(JSON.stringify(found).replaceAll(destination, 'DESTINATION')) as Outcome]);
      }
      await session.close().catch(() => {});
      return all;
    };
    expect(await run({ tracerProvider: recording.tracerProvider })).toEqual(await run(undefined));
  });

  describe.each(shapes.receives)('%s', (shape) => {
    it('runs each handler in the trace and with the baggage of its message, and settles all', async () => {
      const destination = await wrapped.newDestination();
      const send = wrapped.sends[shapes.sends[0]!]!;
      const app = await underSpan(recording, (active) =>
        withBaggage({ tenant: 'acme' }, async () => {
          for (const body of ['1', '2']) await send.call(send.input(destination, [body]));
          return active;
        }),
      );
      const seen: { body: string; active: SpanContext | undefined; tenant: string | undefined }[] = [];
      await collect(wrapped.receives[shape]!, destination, 2, async (body) => {
        await new Promise((resolve) => setImmediate(resolve));
        const tenant = getBaggage().getEntry('tenant')?.value;
        seen.push({ body, active: trace.getSpanContext(context.active()), tenant });
      });
      expect(seen.map(({ body, tenant }) => [body, tenant])).toEqual([
        ['1', 'acme'],
        ['2', 'acme'],
      ]);
      expect(new Set(seen.map(({ active }) => active?.traceId))).toEqual(new Set([app.traceId]));
      await vi.waitFor(async () => expect(await subject.unsettled(destination, wrapped)).toBe(0), { timeout: 10_000 });
      await vi.waitFor(() => expect(recording.open()).toEqual([]));
      const process = recording
        .spans()
        .filter(({ attributes }) => attributes['messaging.operation.type'] === 'process');
      for (const { active } of seen) {
        const span = process.find((each) => each.spanContext().spanId === active?.spanId);
        const creation = recording
          .spans()
          .find((each) => each.spanContext().spanId === span?.parentSpanContext?.spanId);
        expect(creation?.attributes['messaging.operation.type']).toBe('send');
        expect(linked(span!)).toContain(`${app.traceId}-${creation?.spanContext().spanId}`);
      }
    });

    it('handles messages whose headers are hostile as the raw client does', async () => {
      const hostile = hostileHeaders();
      const run = async (session: Session): Promise<string[]> => {
        const destination = await session.newDestination();
        await subject.sendRaw(
          destination,
          hostile.map((headers, index) => ({ body: String(index), headers })),
        );
        const bodies: string[] = [];
        await collect(session.receives[shape]!, destination, hostile.length, (body) => void bodies.push(body));
        return bodies;
      };
      const faults = tracingFaults();
      expect(await run(wrapped)).toEqual(await run(raw));
      expect(tracingFaults()).toBe(faults);
      await vi.waitFor(() => expect(recording.open()).toEqual([]));
    });
  });

  it.each(shapes.receives)('%s: closing while a handler is at work leaves no span open', async (shape) => {
    const session = await subject.open({ tracerProvider: recording.tracerProvider });
    const destination = await session.newDestination();
    const send = session.sends[shapes.sends[0]!]!;
    await send.call(send.input(destination, ['1']));
    let begun!: () => void;
    let finish!: () => void;
    const atWork = new Promise<void>((resolve) => (begun = resolve));
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const receiving = await session.receives[shape]!.start(destination, () => {
      begun();
      return finished;
    });
    await atWork;
    // Not waited for: some clients never answer the close of a channel whose connection closes meanwhile.
    void receiving.stop().catch(() => {});
    await session.close();
    finish();
    await vi.waitFor(() => expect(recording.open()).toEqual([]));
  });

  describe('parenting: link', () => {
    it('makes each message a trace of its own that links the creation context, with its baggage', async () => {
      const linking = await subject.open({ tracerProvider: recording.tracerProvider, parenting: 'link' });
      const destination = await linking.newDestination();
      const send = linking.sends[shapes.sends[0]!]!;
      const app = await underSpan(recording, (active) =>
        withBaggage({ tenant: 'acme' }, async () => {
          await send.call(send.input(destination, ['1']));
          return active;
        }),
      );
      const seen: (string | undefined)[] = [];
      await collect(linking.receives[shapes.receives[0]!]!, destination, 1, () => {
        seen.push(trace.getSpanContext(context.active())?.traceId, getBaggage().getEntry('tenant')?.value);
      });
      expect(seen[1]).toBe('acme');
      expect(seen[0]).not.toBe(app.traceId);
      await linking.close();
      const process = recording.spans().find((span) => span.spanContext().traceId === seen[0]);
      expect(linked(process!).map((each) => each.split('-')[0])).toEqual([app.traceId]);
      expect(recording.open()).toEqual([]);
    });
  });

  describe('wrapped objects', () => {
    it('have methods of the same name and length, no further enumerable keys, and look the same', () => {
      for (const [name, object] of Object.entries(wrapped.objects)) {
        const like = raw.objects[name]!;
        expect([name, Object.keys(object).sort()]).toEqual([name, Object.keys(like).sort()]);
        expect(Object.getPrototypeOf(object)).toBe(Object.getPrototypeOf(like));
        expect(object.constructor).toBe(like.constructor);
        for (const key of Object.getOwnPropertyNames(object)) {
          const [own, other] = [Reflect.get(object, key) as unknown, Reflect.get(like, key) as unknown];
          if (typeof own !== 'function' || typeof other !== 'function') continue;
          expect([name, key, own.length, own.name]).toEqual([name, key, other.length, other.name]);
        }
        expect(inspect(object, { depth: 0 }).split('\n')[0]).toBe(inspect(like, { depth: 0 }).split('\n')[0]);
      }
    });

    it('are wrapped once, also when wrapped again by this copy of the package or another', async () => {
      vi.resetModules();
      const again = await subject.loadWrapper();
      const session = await subject.open({ tracerProvider: recording.tracerProvider });
      expect(again(session.root, { tracerProvider: recording.tracerProvider })).toBe(session.root);
      const destination = await session.newDestination();
      const send = session.sends[shapes.sends[0]!]!;
      await send.call(send.input(destination, ['1']));
      const handled: string[] = [];
      await collect(session.receives[shapes.receives[0]!]!, destination, 1, (body) => void handled.push(body));
      await session.close();
      expect(handled).toEqual(['1']);
      const operations = recording.spans().map(({ attributes }) => attributes['messaging.operation.type']);
      expect(operations.filter((type) => type === 'send')).toHaveLength(1);
      expect(operations.filter((type) => type === 'process')).toHaveLength(1);
    });
  });

  describeFaults(subject, shapes, () => raw, recording);
}
