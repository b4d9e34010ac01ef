import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import { context as contextApi, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tracingFaults } from '../common/faults.ts';
import { endWith, runHandler, observeResult } from './handler.ts';
import { noOperation, Operation } from './operation.ts';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
const ended = (): ReadableSpan[] => exporter.getFinishedSpans();

function operation(): Operation {
  const span = provider.getTracer('test').startSpan('work');
  return new Operation(trace.setSpan(ROOT_CONTEXT, span), [span]);
}

/** An eager promise, like Bluebird's: it reports whether it is pending, and is not a native promise. */
function foreign(promise: Promise<unknown>): unknown {
  return {
    isPending: () => true,
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable is tested
    then: (...args: Parameters<Promise<unknown>['then']>) => promise.then(...args),
  };
}

/** A lazy thenable, like query builders: each call of `then` runs the query. */
function lazy(): { runs: number } {
  return {
    runs: 0,
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable is tested
    then(this: { runs: number }, resolve: (value: string) => void) {
      this.runs++;
      resolve('rows');
    },
  } as { runs: number };
}

beforeEach(() => {
  contextApi.setGlobalContextManager(new AsyncLocalStorageContextManager());
});
afterEach(() => {
  contextApi.disable();
  exporter.reset();
});

describe('runHandler', () => {
  it('ends with the return of a value', () => {
    expect(runHandler(operation(), () => 5)).toBe(5);
    expect(ended()).toHaveLength(1);
  });

  it('is ended by a settlement, unless the result is a promise', async () => {
    runHandler(operation(), () => 5, { onReturn: 'keep' });
    expect(ended()).toHaveLength(0);
    await runHandler(operation(), async () => 5, { onReturn: 'keep' });
    expect(ended()).toHaveLength(1);
  });

  it.each([
    ['native', (promise: Promise<unknown>) => promise],
    ['eager', foreign],
  ])('ends when a %s promise settles', async (_, make) => {
    let resolve: (value: unknown) => void = () => undefined;
    const running = runHandler(operation(), () => make(new Promise((done) => (resolve = done))));
    expect(ended()).toHaveLength(0);
    resolve('done');
    await expect(running).resolves.toBe('done');
    expect(ended()).toHaveLength(1);

    const error = new Error('no');
    await expect(runHandler(operation(), () => make(Promise.reject(error)))).rejects.toBe(error);
    expect(ended()[1]?.status.code).toBe(SpanStatusCode.ERROR);
  });

  it('ends at the return of a lazy thenable, which is not started', () => {
    const query = lazy();
    expect(runHandler(operation(), () => query)).toBe(query);
    expect(query.runs).toBe(0);
    expect(ended()).toHaveLength(1);
  });

  it('waits for any thenable if the client does, calling its then once', async () => {
    const query = lazy();
    await expect(runHandler<unknown>(operation(), () => query, { awaited: true })).resolves.toBe('rows');
    expect(query.runs).toBe(1);
    expect(ended()).toHaveLength(1);

    const native = Object.assign(Promise.resolve(), lazy());
    expect(await runHandler(operation(), () => native, { awaited: true })).toBe('rows');
    expect(native.runs).toBe(1);
  });

  it('returns a thenable unchanged if there is no span', () => {
    const query = lazy();
    expect(runHandler(noOperation(ROOT_CONTEXT), () => query, { awaited: true })).toBe(query);
    expect(query.runs).toBe(0);
  });

  it('returns the original promise if its class cannot create a derived one', async () => {
    let made = 0;
    class Once extends Promise<unknown> {
      constructor(executor: ConstructorParameters<typeof Promise<unknown>>[0]) {
        if (made++ > 0) throw new Error('one only');
        super(executor);
      }
    }
    const promise = new Once((resolve) => resolve(1));
    const before = tracingFaults();
    expect(runHandler(operation(), () => promise)).toBe(promise);
    expect(tracingFaults()).toBe(before + 1);
    expect(ended()).toHaveLength(1);
  });
});

describe('endWith', () => {
  it('reports the result before the end, and counts a fault in the report', async () => {
    const seen: unknown[] = [];
    const before = tracingFaults();
    await endWith(operation(), Promise.resolve(1), (result) => {
      seen.push(result);
      throw new Error('broken');
    });
    expect(seen).toStrictEqual([1]);
    expect(tracingFaults()).toBe(before + 1);
    expect(ended()).toHaveLength(1);
  });
});

describe('observeResult', () => {
  it('gets a value immediately and a promise when it is fulfilled', async () => {
    const seen: unknown[] = [];
    expect(observeResult(1, (value) => seen.push(value))).toBe(1);
    expect(await observeResult(Promise.resolve(2), (value) => seen.push(value))).toBe(2);
    const error = new Error('no');
    await expect(observeResult(Promise.reject(error), (value) => seen.push(value))).rejects.toBe(error);
    expect(seen).toStrictEqual([1, 2]);
  });
});
