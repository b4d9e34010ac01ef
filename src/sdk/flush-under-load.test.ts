// Tests what a flush promises while spans end all the time: those that ended before it have arrived, and it is silent.
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { collectDiag } from './testing/diag-log.ts';
import { cleanUpAfterEach, receiver, start } from './testing/fixture.ts';

cleanUpAfterEach();

/** Ends a span named by its number at each turn of the event loop, until it is stopped. */
function constantLoad(end: (name: string) => void): { count: () => number; stop: () => void } {
  let count = 0;
  let immediate: NodeJS.Immediate | undefined;
  const turn = (): void => {
    end(String(count++));
    immediate = setImmediate(turn);
  };
  turn();
  return { count: () => count, stop: () => clearImmediate(immediate) };
}

test.each([
  ['of small batches', {}],
  [
    'that is sampled by its end, some of it dropped and some of it held',
    { sampling: { sampler: { ratio: 0.5 }, keepErrors: true } },
  ],
])('under a load %s nothing is left, lost or reported', async (_, options) => {
  const collector = await receiver();
  const reported = collectDiag();
  const tracing = start({ ...options, export: { endpoint: collector.url, maxBatchSpans: 7 } });
  const tracer = trace.getTracer('load');
  const open = trace.setSpan(ROOT_CONTEXT, tracer.startSpan('open'));
  const load = constantLoad((name) => {
    tracer.startSpan(name, { root: true }).end();
    // Held until its parent ends, if the end of a trace decides.
    tracer.startSpan('held', {}, open).end();
  });
  for (let flushes = 0; flushes < 10; flushes++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = load.count();
    const { left, dropped } = await tracing.flush();
    expect([left, dropped]).toEqual([0, 0]);
    expect(load.count()).toBeGreaterThan(before);
    if ('sampling' in options) continue;
    const arrived = new Set(collector.spans.map(({ name }) => name));
    expect(Array.from({ length: before }, (__, at) => String(at)).filter((name) => !arrived.has(name))).toEqual([]);
  }
  load.stop();
  expect(reported).toEqual([]);
});
