import { context, diag, type Span, trace, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { recordError, runInSpan } from './span-helpers.ts';
import { collectDiag } from './testing/diag-log.ts';

const exporter = new InMemorySpanExporter();
const tracer = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }).getTracer('test');

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());
afterEach(() => {
  exporter.reset();
  diag.disable();
});

const run = <T>(fn: (span: Span) => T): T => runInSpan(tracer, 'work', {}, fn);

/** The only span that has ended so far. */
function ended() {
  const spans = exporter.getFinishedSpans();
  expect(spans).toHaveLength(1);
  return spans[0]!;
}

test('a value is returned synchronously, after the span has ended', () => {
  expect(run(() => 7)).toBe(7);
  expect(ended().status).toEqual({ code: 0 });
});

// oxlint-disable-next-line unicorn/no-thenable -- not a promise, although it looks like one
test.each([undefined, null, 0, { then: 7 }])('%o is a value like any other', (value) => {
  expect(run(() => value)).toBe(value);
  ended();
});

test('a promise stays a promise, and the span ends when it settles', async () => {
  let finish: ((value: string) => void) | undefined;
  const result = run(() => new Promise<string>((resolve) => (finish = resolve)));
  await Promise.resolve();
  expect(exporter.getFinishedSpans()).toHaveLength(0);
  finish?.('done');
  await expect(result).resolves.toBe('done');
  ended();
});

test('a query that starts when it is awaited is started once', async () => {
  let started = 0;
  const query = {
    // oxlint-disable-next-line unicorn/no-thenable -- this is what query builders are
    then(resolve: (rows: number) => unknown) {
      started++;
      return Promise.resolve(3).then(resolve);
    },
  };
  expect(await run(() => query)).toBe(3);
  expect(started).toBe(1);
  ended();
});

test('the span is active inside the function, across awaits, and not outside', async () => {
  await run(async (span) => {
    expect(trace.getActiveSpan()).toBe(span);
    await Promise.resolve();
    expect(trace.getActiveSpan()).toBe(span);
  });
  expect(trace.getActiveSpan()).toBeUndefined();
});

test.each([
  [
    'thrown',
    (error: unknown) => () => {
      throw error;
    },
  ],
  [
    'rejected',
    (error: unknown) => async () => {
      throw error;
    },
  ],
])('an error %s is rethrown unchanged and recorded', async (_, failing) => {
  const error = new RangeError('too far');
  await expect((async () => run(failing(error)))()).rejects.toBe(error);
  const span = ended();
  expect(span.status).toEqual({ code: 2, message: 'too far' });
  expect(span.attributes).toEqual({ 'error.type': 'RangeError' });
  expect(span.events).toMatchObject([{ name: 'exception', attributes: { 'exception.message': 'too far' } }]);
});

test('a synchronous throw stays synchronous', () => {
  expect(() =>
    run(() => {
      throw new Error('now');
    }),
  ).toThrow('now');
});

test('an unhandled rejection stays unhandled', async () => {
  const error = new Error('nobody looks');
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const unhandled = new Promise((resolve) => process.once('unhandledRejection', resolve));
  try {
    void run(() => Promise.reject(error));
    expect(await unhandled).toBe(error);
  } finally {
    for (const each of others) process.on('unhandledRejection', each);
  }
});

test('a span that fn has ended is not ended again', () => {
  const reported = collectDiag();
  run((span) => span.end());
  ended();
  expect(reported).toEqual([]);
});

test('the same error is recorded once per span, another one is added', () => {
  const error = new Error('first');
  run((span) => {
    recordError(error, span);
    recordError(error, span);
    recordError(new Error('second'), span);
    runInSpan(tracer, 'inner', {}, (inner) => recordError(error, inner));
  });
  const [inner, outer] = exporter.getFinishedSpans();
  expect(outer?.events.map((event) => event.attributes?.['exception.message'])).toEqual(['first', 'second']);
  expect(inner?.events).toHaveLength(1);
});

test.each([
  ['a string', 'plain text', '_OTHER', 'plain text'],
  ['null', null, '_OTHER', 'null'],
  ['an object', { message: 'odd' }, 'Object', 'odd'],
  ['a system error', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED', 'refused'],
  ['an error with a number for a code', Object.assign(new TypeError('bad'), { code: 42 }), '42', 'bad'],
])('%s can be recorded', (_, error, type, message) => {
  run((span) => recordError(error, span));
  const span = ended();
  expect(span.attributes).toEqual({ 'error.type': type });
  expect(span.status.message).toBe(message);
  expect(span.events).toHaveLength(1);
});

test.each([
  [
    'an error whose message throws',
    Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('no');
      },
    }),
  ],
  ['an object without a string form', Object.create(null)],
  ['a revoked proxy', revoked()],
])('%s does not throw', (_, error) => {
  collectDiag();
  expect(() => run((span) => recordError(error, span))).not.toThrow();
  ended();
});

test('with a tracer that throws, the function still runs, without a span', () => {
  collectDiag();
  const broken = {
    startSpan: () => {
      throw new Error('broken tracer');
    },
  } as unknown as Tracer;
  run((outer) => {
    const result = runInSpan(broken, 'work', {}, (span) => {
      expect(span.isRecording()).toBe(false);
      expect(span.spanContext().traceId).toBe(outer.spanContext().traceId);
      return 5;
    });
    expect(result).toBe(5);
    expect(outer.isRecording()).toBe(true);
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
