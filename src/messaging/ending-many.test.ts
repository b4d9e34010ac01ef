import { ROOT_CONTEXT, type Span, SpanStatusCode, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { drainDeferred } from '../common/deferred-work.ts';
import { type PreparedTracer, preparedVersion } from '../common/prepared-span.ts';
import { endAll } from './ending-many.ts';
import { failureOf } from './failure.ts';
import { Messaging } from './messaging.ts';
import { Operation } from './operation.ts';

afterEach(() => vi.restoreAllMocks());

const prepared = { mqtracePrepared: preparedVersion, startSpan() {} } as unknown as PreparedTracer;
const providerOf = (tracer: Tracer): TracerProvider => ({ getTracer: () => tracer });

/** Operations, and what their spans are ended with. */
function operations(count: number): { operations: Operation[]; ends: unknown[] } {
  const ends: unknown[] = [];
  const spanOf = (at: number): Span => ({ end: (time?: unknown) => void ends.push([at, time]) }) as unknown as Span;
  return { operations: Array.from({ length: count }, (_, at) => new Operation(ROOT_CONTEXT, [spanOf(at)])), ends };
}

test('many operations end now, and their spans are written later with the time of the end', () => {
  let clock = 100;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  const messaging = new Messaging('test', 'test', { tracerProvider: providerOf(prepared) });
  const { operations: ending, ends } = operations(200);
  ending[7]!.end();
  endAll(messaging, ending, 200, true);
  expect(ends).toEqual([[7, undefined]]);
  expect(ending.every(({ ended }) => ended)).toBe(true);
  // A later end changes nothing.
  ending[3]!.fail(new Error('too late'));
  clock = 200;
  drainDeferred();
  const others = Array.from({ length: 200 }, (_, at) => [at, 100]).filter(([at]) => at !== 7);
  expect(ends).toEqual([[7, undefined], ...others]);
});

test('many operations that fail are measured now, and their spans are written later, with the time of the failure', () => {
  vi.spyOn(performance, 'now').mockReturnValue(100);
  const messaging = new Messaging('test', 'test', { tracerProvider: providerOf(prepared) });
  const calls: unknown[] = [];
  const span = {
    isRecording: () => true,
    setAttribute: (...given: unknown[]) => void calls.push(given),
    setStatus: (given: unknown) => void calls.push(given),
    recordException: (_: unknown, time: unknown) => void calls.push(['exception', time]),
    end: (time: unknown) => void calls.push(['end', time]),
  };
  const measured: unknown[] = [];
  const measurement = { end: (_: unknown, failure: unknown) => void measured.push(failure) };
  const ending = Array.from(
    { length: 200 },
    () => new Operation(ROOT_CONTEXT, [{ ...span } as never], undefined, undefined, measurement as never),
  );
  endAll(messaging, ending, 200, true, failureOf(new Error('closed'), 'channel_closed'));
  expect(measured).toEqual(Array(200).fill('channel_closed'));
  expect(calls).toEqual([]);
  drainDeferred();
  const status = { code: SpanStatusCode.ERROR, message: 'closed' };
  expect(calls.slice(0, 4)).toEqual([['error.type', 'channel_closed'], status, ['exception', 100], ['end', 100]]);
  expect(calls).toHaveLength(800);
});

test('of many operations that only the caller has, none is visited before its span is written', () => {
  const messaging = new Messaging('test', 'test', { tracerProvider: providerOf(prepared) });
  const { operations: ending, ends } = operations(200);
  let visited = 0;
  function* each(): Iterable<Operation> {
    for (const operation of ending) {
      visited++;
      yield operation;
    }
  }
  vi.spyOn(performance, 'now').mockReturnValueOnce(100);
  endAll(messaging, each(), 200);
  expect(visited).toBe(0);
  drainDeferred();
  expect(ends).toEqual(ends.map((_, at) => [at, 100]));
  expect(ends).toHaveLength(200);
});

test.each<[string, number, object]>([
  ['few operations', 128, { tracerProvider: providerOf(prepared) }],
  ['with `fastPath: false`', 200, { tracerProvider: providerOf(prepared), fastPath: false }],
  ['the spans of another SDK', 200, { tracerProvider: providerOf({ startSpan() {} } as unknown as Tracer) }],
  [
    'a provider that throws',
    200,
    {
      tracerProvider: {
        getTracer() {
          throw new Error('no tracer');
        },
      },
    },
  ],
])('%s: the spans end at once', (_, count, options) => {
  const { operations: ending, ends } = operations(count);
  endAll(new Messaging('test', 'test', options), ending, count);
  expect(ends).toEqual(Array.from({ length: count }, (__, at) => [at, undefined]));
});
