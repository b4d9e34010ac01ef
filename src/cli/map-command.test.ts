import { expect, test } from 'vitest';
import { mapAnswer } from '../view/queries/map.ts';
import { SpanStore } from '../view/store/store.ts';
import { pipelineTruth } from '../view/testing/pipeline-truth.ts';
import { mapText } from './map-command.ts';

test('numbered queues are one line and that of the queue that differs, or a line each', () => {
  const store = new SpanStore();
  for (const request of pipelineTruth(3200).requests) store.addTraces(request);
  store.settle();
  const linesOf = (queues: boolean): string[] =>
    mapText(mapAnswer(store), 160, queues).filter((line) => /-> sharded/.test(line));
  const [sum, differs, ...others] = linesOf(false);
  expect(sum).toMatch(/-> sharded\.\* \(32 queues\) -> wo.* 1 queue differs$/);
  expect(differs).toMatch(/^\* {3}-> sharded\.7 -> worker/);
  expect(others).toEqual([]);
  expect(linesOf(true)).toHaveLength(33);
});
