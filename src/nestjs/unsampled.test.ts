// Tests that messages which are not sampled have no span of a handler, and that nothing else differs for handlers and subscribers.
import {
  context,
  createTraceState,
  propagation,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type TracerProvider,
} from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
} from '@opentelemetry/sdk-trace-base';
import * as fc from 'fast-check';
import { defer, EMPTY, from, NEVER, Observable, of, Subject, throwError, timer } from 'rxjs';
import { expect, test } from 'vitest';
import { useContextManager } from '../../test-support/spans.ts';
import { TraceInterceptor } from './index.ts';

useContextManager();

const execution = {
  getType: () => 'rpc',
  getClass: () => ({ name: 'OrdersController' }),
  getHandler: () => ({ name: 'create' }),
};

/** A provider that counts the spans that it creates. */
function provider(sampler: Sampler): { tracerProvider: TracerProvider; created: () => number } {
  const ids = new RandomIdGenerator();
  let created = 0;
  const generateSpanId = (): string => {
    created++;
    return ids.generateSpanId();
  };
  const idGenerator = { generateTraceId: () => ids.generateTraceId(), generateSpanId };
  const tracerProvider = new BasicTracerProvider({ sampler, idGenerator });
  return { tracerProvider, created: () => created };
}

/** A sampler that nothing is known about, so that it has to be asked about each span. */
const unknown: Sampler = {
  shouldSample: (...args) => new ParentBasedSampler({ root: new AlwaysOnSampler() }).shouldSample(...args),
  toString: () => 'unknown',
};

const failed = new RangeError('no');
const sources: Record<string, () => Observable<unknown>> = {
  values: () => from([1, 2, 3]),
  promise: () => defer(async () => 'done'),
  error: () => throwError(() => failed),
  'error after a value': () => from([of(1), throwError(() => failed)]),
  empty: () => EMPTY,
  never: () => NEVER,
  later: () => timer(1),
  subject: () => new Subject<number>(),
  throws: () =>
    new Observable(() => {
      throw failed;
    }),
};

/** What a handler and its subscriber see. */
async function observed(
  tracerProvider: TracerProvider,
  name: string,
  parent: { traceFlags: number; traceState: string },
  unsubscribes: boolean,
): Promise<unknown[]> {
  const seen: unknown[] = [];
  const spanContext = {
    traceId: '1'.repeat(32),
    spanId: '2'.repeat(16),
    traceFlags: parent.traceFlags,
    traceState: createTraceState(parent.traceState),
  };
  const baggage = propagation.createBaggage({ tenant: { value: 'acme' } });
  const received = propagation.setBaggage(trace.setSpanContext(ROOT_CONTEXT, spanContext), baggage);
  const source = defer(() => {
    const { traceId, traceFlags, traceState } = trace.getActiveSpan()!.spanContext();
    // A span of the SDK loses the random flag, which stays set without one.
    seen.push([
      traceId,
      traceFlags & TraceFlags.SAMPLED,
      traceState?.serialize(),
      propagation.getActiveBaggage()?.getEntry('tenant')?.value,
    ]);
    return new Observable<unknown>((subscriber) => {
      const subscription = sources[name]!().subscribe(subscriber);
      return () => {
        seen.push('torn down');
        subscription.unsubscribe();
      };
    });
  });
  const interceptor = new TraceInterceptor({ tracerProvider });
  await context.with(received, async () => {
    const subscription = interceptor.intercept(execution, { handle: () => source }).subscribe({
      next: (value: unknown) => void seen.push(['next', value instanceof Observable ? 'observable' : value]),
      error: (error: unknown) => void seen.push(['error', error]),
      complete: () => void seen.push('complete'),
    } as never) as { unsubscribe(): void; closed: boolean };
    seen.push('subscribed');
    if (unsubscribes) subscription.unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 3));
    subscription.unsubscribe();
    seen.push(subscription.closed);
  });
  return seen;
}

test('a message that is not sampled has no span, and its handler and subscriber see what they see with one', async () => {
  const states = fc.constantFrom('', 'ot=th:8;rv:ce3f9a2b10c4d7,vendor=x');
  const property = fc.asyncProperty(
    fc.constantFrom(...Object.keys(sources)),
    fc.record({ traceFlags: fc.constantFrom(0, 2), traceState: states }),
    fc.boolean(),
    async (name, parent, unsubscribes) => {
      const known = provider(new ParentBasedSampler({ root: new AlwaysOnSampler() }));
      const asked = provider(unknown);
      const withoutSpan = await observed(known.tracerProvider, name, parent, unsubscribes);
      const withSpan = await observed(asked.tracerProvider, name, parent, unsubscribes);
      expect(withoutSpan).toEqual(withSpan);
      expect([known.created(), asked.created()]).toEqual([0, 1]);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test('a sampled message, and a handler without a message, which starts a trace, have spans', async () => {
  const on = provider(new ParentBasedSampler({ root: new AlwaysOnSampler() }));
  await observed(on.tracerProvider, 'values', { traceFlags: 1, traceState: '' }, false);
  expect(on.created()).toBe(1);
  const off = provider(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
  new TraceInterceptor({ tracerProvider: off.tracerProvider })
    .intercept(execution, { handle: () => of(1) })
    .subscribe();
  expect(off.created()).toBe(1);
});
