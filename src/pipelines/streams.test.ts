import { EventEmitter } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { baggage } from '../propagation/index.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { bindEmitter, keepContext, keptContext, mapInContext } from './index.ts';

recordRegisteredSpans();
const tenant = (value: string): ReturnType<typeof baggage.set> =>
  baggage.set('tenant', value, { context: ROOT_CONTEXT });

test('each chunk is handled in the context kept with it in every stage, with and without buffering', async () => {
  const seen: string[] = [];
  const source = ['a', 'b', 'c'].map((name) => keepContext({ name }, tenant(name)));
  await pipeline(
    Readable.from(source),
    mapInContext(async ({ name }: { name: string }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { name: `${name}${baggage.get('tenant')}` };
    }),
    new PassThrough({ objectMode: true, highWaterMark: 1 }),
    mapInContext(({ name }: { name: string }) => void seen.push(`${name}:${baggage.get('tenant')}`)),
    async (results) => {
      for await (const _ of results);
    },
  );
  expect(seen).toEqual(['aa:a', 'bb:b', 'cc:c']);
});

test('a chunk without a context is handled in the context in which the stage was created', async () => {
  const stage = context.with(tenant('stage'), () => mapInContext(() => baggage.get('tenant')));
  const out: (string | undefined)[] = [];
  for await (const value of stage(Readable.from(['x']))) out.push(value);
  expect(out).toEqual(['stage']);
});

test('an error of a stage fails the pipeline', async () => {
  const failing = mapInContext(() => Promise.reject(new TypeError('no')));
  await expect(
    pipeline(Readable.from([1]), failing, async (all) => {
      for await (const _ of all);
    }),
  ).rejects.toThrow('no');
});

test('an object without a kept context has none', () => {
  expect([keptContext({}), keptContext('x'), keptContext(null)]).toEqual([undefined, undefined, undefined]);
});

test('listeners of a bound emitter run in its context, no matter where the event is emitted', () => {
  const seen: (string | undefined)[] = [];
  const free = new EventEmitter();
  const bound = bindEmitter(new EventEmitter(), tenant('bound'));
  for (const emitter of [free, bound]) emitter.on('x', () => seen.push(baggage.get('tenant')));
  context.with(tenant('emitter'), () => [free, bound].forEach((emitter) => emitter.emit('x')));
  expect(seen).toEqual(['emitter', 'bound']);
});
