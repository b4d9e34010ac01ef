// Checks that a process with every part of tracing broken ends as it would without tracing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CompiledSources } from '../export/testing/child.ts';

let sources: CompiledSources;
beforeAll(async () => {
  sources = await CompiledSources.compile();
}, 120_000);
afterAll(() => sources.remove());

const ways = {
  throws: `() => { throw new Error('secret'); }`,
  rejects: `() => Promise.reject(new Error('secret'))`,
  'rejects later': `async () => { await new Promise(setImmediate); throw new Error('secret'); }`,
  'rejects with a promise that is not native': `() => ({
    isPending: () => true,
    then: (resolve, reject) => setImmediate(() => reject?.(new Error('secret'))),
  })`,
  'rejects with a subclass of Promise': `() => { class Mine extends Promise { then(...given) { return super.then(...given); } } return Mine.reject(new Error('secret')); }`,
};

test.each(Object.entries(ways))('processors, samplers and hooks that each %s', async (_, way) => {
  const program = `
    import { tracingFaults } from './src/index.js';
    const broken = ${way};
    const processor = { onStart: broken, onEnding: broken, onEnd: broken, forceFlush: broken, shutdown: broken };
    const tracing = startTracing({
      export: { protocol: 'none' },
      spanProcessors: [processor],
      sampling: { keepWhen: broken, errorBoost: undefined },
    });
    const results = [tracing.span('work', () => 7), await tracing.span('work', async () => 8)];
    await tracing.flush();
    await tracing.shutdown();
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(JSON.stringify([...results, tracingFaults()]));`;
  const { code, signal, out, err } = await sources.run(program);
  expect({ code, signal, out }).toEqual({ code: 0, signal: null, out: '[7,8,10]\n' });
  for (const part of ['onStart', 'onEnding', 'onEnd', 'forceFlush', 'shutdown']) {
    expect(err.match(new RegExp(`^mqtrace: ${part} of a span processor failed.*$`, 'gm'))).toHaveLength(1);
  }
  expect(err.match(/^mqtrace: keepWhen.*$/gm)).toHaveLength(1);
  expect(err).not.toMatch(/secret|[Uu]nhandled/);
});
