// Every claim of lost-context.md, run.
import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { Transform } from 'node:stream';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { baggage, bindEmitter, keepContext, keptContext } from 'mqtrace';
import { afterAll, beforeAll, expect, test } from 'vitest';

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

const as = <R>(who: string, fn: () => R): R => context.with(baggage.set('who', who, { context: ROOT_CONTEXT }), fn);
const who = (): string | undefined => baggage.get('who');
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('event emitters: a listener runs in the context of emit; bound, in that of its registration', () => {
  const [free, bound] = [new EventEmitter(), new EventEmitter()];
  const seen: unknown[] = [];
  as('listener', () => {
    free.on('x', () => seen.push(who()));
    bindEmitter(bound).on('x', () => seen.push(who()));
  });
  as('emitter', () => [free, bound].map((emitter) => emitter.emit('x')));
  expect(seen).toEqual(['emitter', 'listener']);
});

test('in-memory queues: a job runs in the context of the loop; with keepContext, in that of the caller that queued it', async () => {
  const jobs: { run: () => unknown }[] = [];
  const seen: unknown[] = [];
  const loop = as('loop', async () => {
    await turn();
    for (const job of jobs) {
      job.run();
      context.with(keptContext(job) ?? ROOT_CONTEXT, () => job.run());
    }
  });
  as('request', () => jobs.push(keepContext({ run: () => seen.push(who()) })));
  await loop;
  expect(seen).toEqual(['loop', 'request']);
});

test('shared work: a promise that is cached is worked on in the context of the first caller alone', async () => {
  let cached: Promise<string | undefined> | undefined;
  const load = (): Promise<string | undefined> => (cached ??= turn().then(who));
  expect(await Promise.all([as('first', load), as('second', load)])).toEqual(['first', 'first']);
  expect(await as('second', async () => (await load(), who()))).toBe('second');
});

test('timers and loops: what a request starts keeps its context for ever, unless it starts in the root context', async () => {
  const seen: unknown[] = [];
  const start = (): Promise<void> => turn().then(() => void seen.push(who()));
  await as('request', () => Promise.all([start(), context.with(ROOT_CONTEXT, start)]));
  expect(seen).toEqual(['request', undefined]);
});

test('streams: a transform runs in the context of the writer or reader, not in that of the chunk', async () => {
  const seen: unknown[] = [];
  const slow = new Transform({
    objectMode: true,
    transform(chunk: string, _encoding, done) {
      seen.push(`${chunk} in ${who()}`);
      setImmediate(done);
    },
  });
  as('a', () => slow.write('a'));
  as('b', () => slow.write('b'));
  await turn();
  await turn();
  // The second was still waiting when the first was done, in the first one's context.
  expect(seen).toEqual(['a in a', 'b in a']);
});

test('generators: their body runs in the context of each next()', () => {
  function* body(): Generator<string | undefined> {
    yield who();
    yield who();
  }
  const generator = as('maker', body);
  expect([as('one', () => generator.next().value), as('two', () => generator.next().value)]).toEqual(['one', 'two']);
});

test('stored callbacks run in the context of their caller; bound callbacks in their own', () => {
  const plain = as('maker', () => who);
  const bound = as('maker', () => context.bind(context.active(), who));
  const resource = as('maker', () => AsyncResource.bind(who));
  expect(as('caller', () => [plain(), bound(), resource()])).toEqual(['caller', 'maker', 'maker']);
});

test('await keeps the context, whatever resolves the promise', async () => {
  let resolve = (): void => {};
  const promise = new Promise<void>((fulfil) => (resolve = fulfil));
  const waiting = as('waiter', async () => {
    await promise;
    return who();
  });
  as('resolver', () => resolve());
  expect(await waiting).toBe('waiter');
});
