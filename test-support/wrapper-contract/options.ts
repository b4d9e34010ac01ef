// Tests the options that all wrappers share.
import { context, type SpanContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { getBaggage, type MessageHook, withBaggage } from 'mqtrace';
import { expect, it } from 'vitest';
import { linked, underSpan } from '../spans.ts';
import { type Bench, collect, eventually } from './bench.ts';
import type { Session } from './subject.ts';

export function describeOptions(bench: Bench): void {
  const { recording } = bench;

  /** Sends a message below a span and with baggage, and returns what its handler sees of them. */
  const sendAndReceive = async (
    session: Session,
  ): Promise<{
    destination: string;
    app: SpanContext;
    active: SpanContext | undefined;
    tenant: string | undefined;
  }> => {
    const destination = await bench.observer.newDestination();
    const app = await underSpan(recording, (active) =>
      withBaggage({ tenant: 'acme' }, async () => {
        await bench.send(session, destination, '1');
        return active;
      }),
    );
    let active: SpanContext | undefined;
    let tenant: string | undefined;
    await collect(session.receives[bench.firstReceive]!, destination, 1, () => {
      active = trace.getSpanContext(context.active());
      tenant = getBaggage().getEntry('tenant')?.value;
    });
    return { destination, app, active, tenant };
  };

  it.each(['parent', 'auto', 'link'] as const)(
    'parenting %s: the process span has the parent and the link of the option, and the baggage',
    async (parenting) => {
      const session = await bench.openWrapped({ parenting });
      const { app, active, tenant } = await sendAndReceive(session);
      await session.close();
      expect(tenant).toBe('acme');
      const span = recording.spans().find((each) => each.spanContext().spanId === active?.spanId)!;
      const [creation, ...more] = linked(span);
      expect([creation?.split('-')[0], more]).toEqual([app.traceId, []]);
      expect(span.parentSpanContext?.spanId).toBe(parenting === 'link' ? undefined : creation?.split('-')[1]);
      expect(span.spanContext().traceId === app.traceId).toBe(parenting !== 'link');
      expect(recording.open()).toEqual([]);
    },
  );

  it('ignoreDestinations: there is no span, and context and baggage pass through', async () => {
    const session = await bench.openWrapped({ ignoreDestinations: ['*'] });
    const { destination, app, active, tenant } = await sendAndReceive(session);
    await eventually(async () => expect(await bench.observer.unsettled(destination)).toBe(0));
    await session.close();
    expect([active?.traceId, active?.spanId, tenant]).toEqual([app.traceId, app.spanId, 'acme']);
    expect(recording.spans().map(({ name }) => name)).toEqual(['application']);
  });

  it('createSpans: false: each call of each way to send has one span, whose context its messages carry', async () => {
    const session = await bench.openWrapped({ createSpans: false });
    for (const [shape, send] of Object.entries(session.sends)) {
      recording.clear();
      const destination = await bench.observer.newDestination();
      const bodies = bench.bodies(send);
      await send.call(send.input(destination, bodies));
      const messages = await bench.observer.read(destination, bodies.length);
      const carried = new Set(messages.map(({ headers }) => headers['traceparent']?.split('-')[2]));
      const spans = recording.spans().filter(({ kind }) => kind === SpanKind.PRODUCER);
      expect([shape, new Set(spans.map((span) => span.spanContext().spanId))]).toEqual([shape, carried]);
      expect(bench.operations('create')).toEqual([]);
    }
    await session.close();
  });

  it('newTrace: each way to send starts a trace that links the active span', async () => {
    const session = await bench.openWrapped({ newTrace: ['*'] });
    for (const [shape, send] of Object.entries(session.sends)) {
      recording.clear();
      const destination = await bench.observer.newDestination();
      const bodies = bench.bodies(send);
      const app = await underSpan(recording, async (active) => {
        await send.call(send.input(destination, bodies));
        return active;
      });
      const messages = await bench.observer.read(destination, bodies.length);
      const spans = recording.spans().filter(({ kind }) => kind === SpanKind.PRODUCER);
      const ids = spans.map((span) => span.spanContext().traceId);
      expect([shape, messages.map(({ headers }) => headers['traceparent']?.split('-')[1])]).toEqual([shape, ids]);
      expect(ids).not.toContain(app.traceId);
      for (const span of spans) expect(linked(span)).toEqual([`${app.traceId}-${app.spanId}`]);
    }
    await session.close();
  });

  /** The spans of single messages: those of sends and of processing. */
  const messageSpans = (): { type: string; span: ReadableSpan }[] =>
    recording
      .spans()
      .map((span) => ({ type: String(span.attributes['messaging.operation.type']), span }))
      .filter(({ type, span }) => ['create', 'send', 'process'].includes(type) && span.kind !== SpanKind.CLIENT);

  it('captureHeaders: the spans of a message have its headers, without secrets and trace headers', async () => {
    const session = await bench.openWrapped({ captureHeaders: ['*'] });
    for (const [shape, send] of Object.entries(session.sends)) {
      recording.clear();
      const destination = await bench.observer.newDestination();
      const bodies = bench.bodies(send);
      await send.call(send.input(destination, bodies, { Own: 'header', 'x-token': 'abc' }));
      await collect(session.receives[bench.firstReceive]!, destination, bodies.length, () => {});
      for (const { type, span } of messageSpans()) {
        const captured = Object.entries(span.attributes).filter(([name]) => name.startsWith('messaging.header.'));
        // Redis Streams have fields in place of headers.
        const headers = Object.fromEntries(captured.filter(([name]) => name !== 'messaging.header.body'));
        expect([shape, type, headers]).toEqual([
          shape,
          type,
          { 'messaging.header.own': ['header'], 'messaging.header.x-token': ['REDACTED'] },
        ]);
      }
      expect(messageSpans().length).toBe(bodies.length * 2);
    }
    await session.close();
  });

  it('onSend and onProcess: see each message, and can add attributes and change nothing', async () => {
    const seen: unknown[] = [];
    const hook =
      (name: string): MessageHook =>
      (span, message) => {
        seen.push([name, message.destination !== undefined, message.headers['own']]);
        span.setAttribute('app.hook', name);
        expect(Object.isFrozen(message) && Object.isFrozen(message.headers)).toBe(true);
        if (message.body instanceof Uint8Array) message.body.fill(0);
      };
    const session = await bench.openWrapped({ onSend: hook('onSend'), onProcess: hook('onProcess') });
    for (const send of Object.values(session.sends)) {
      recording.clear();
      seen.length = 0;
      const destination = await bench.observer.newDestination();
      const bodies = bench.bodies(send);
      await send.call(send.input(destination, bodies, { own: 'header' }));
      const handled: string[] = [];
      await collect(
        session.receives[bench.firstReceive]!,
        destination,
        bodies.length,
        (body) => void handled.push(body),
      );
      expect(handled).toEqual(bodies);
      const expected = bodies.flatMap(() => ['onSend', 'onProcess']).toSorted((a, b) => b.localeCompare(a));
      expect(seen).toEqual(expected.map((name) => [name, true, 'header']));
      expect(
        messageSpans()
          .map(({ span }) => String(span.attributes['app.hook']))
          .toSorted((a, b) => b.localeCompare(a)),
      ).toEqual(expected);
    }
    await session.close();
  });

  it('bodySize: the spans of a message have its size, if the client has a body', async () => {
    const session = await bench.openWrapped({ bodySize: true });
    const destination = await bench.observer.newDestination();
    await bench.send(session, destination, 'größe');
    await collect(session.receives[bench.firstReceive]!, destination, 1, () => {});
    await session.close();
    const { hasBody = true } = bench.subject;
    expect(messageSpans().map(({ span }) => span.attributes['messaging.message.body.size'])).toEqual(
      hasBody ? [7, 7] : [undefined, undefined],
    );
  });

  it('isExpectedError: a handler that fails with such an error leaves no error on its span', async () => {
    const seen: unknown[] = [];
    const isExpectedError = (error: unknown): boolean => seen.push(error) > 0;
    const session = await bench.openWrapped({ isExpectedError });
    const destination = await bench.observer.newDestination();
    await bench.send(session, destination, '1');
    const error = new Error('expected');
    let calls = 0;
    const receiving = await session.receives[bench.firstReceive]!.start(destination, () => {
      if (++calls === 1) throw error;
    });
    await eventually(() => expect(bench.operations('process')).not.toEqual([]));
    await receiving.stop();
    await session.close().catch(() => {});
    expect(seen[0]).toBe(error);
    const failed = recording.spans().filter(({ status }) => status.code === SpanStatusCode.ERROR);
    expect(failed.map(({ name }) => name)).toEqual([]);
  });
}
