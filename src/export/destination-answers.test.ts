import { afterEach, expect, test, vi } from 'vitest';
import { collectDiag } from '../sdk/testing/diag-log.ts';
import type { SendResult } from './sender.ts';
import { add, ok, open, turn } from './testing/open-queue.ts';

afterEach(() => void vi.useRealTimers());

test('a request with a truncated response is sent once more; then the spans count as exported, and this is logged', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const reported = collectDiag();
  const { sender, queue } = open({ maxBatchSpans: 2 });
  const cut: SendResult = { status: 'retry', answered: true, incomplete: true, error: new Error('cut off') };
  add(queue, 2);
  await turn();
  sender.open[0]!.answer(cut);
  await turn();
  expect(queue.accounting.counts()).toMatchObject({ exported: 0, queued: 2 });
  vi.advanceTimersByTime(500);
  await turn();
  sender.open[0]!.answer(cut);
  await turn();
  expect(queue.accounting.counts()).toMatchObject({ exported: 2, queued: 0 });
  expect(queue.delivery.stats.requests).toBe(2);
  expect(reported.join()).toContain('responses are truncated: rejected spans may count as exported');
});

test('a successful response that is not OTLP is logged', async () => {
  const reported = collectDiag();
  const { sender, queue } = open({ maxBatchSpans: 1 });
  add(queue, 1);
  await turn();
  sender.open[0]!.answer({ status: 'ok', rejected: 0, unreadable: true });
  await turn();
  expect(queue.accounting.exported).toBe(1);
  expect(reported).toEqual([expect.stringContaining('the response cannot be parsed as OTLP: is this a collector?')]);
});

test('a flush and a shutdown wait five seconds for a destination that has never responded', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  collectDiag();
  const { queue } = open({ maxBatchSpans: 1 });
  add(queue, 1);
  for (const end of [() => queue.flush({ timeoutMs: 60_000 }), () => queue.shutdown()]) {
    let over = false;
    void end().then(() => (over = true));
    await turn();
    vi.advanceTimersByTime(4999);
    await turn();
    expect(over).toBe(false);
    vi.advanceTimersByTime(1);
    await turn();
    expect(over).toBe(true);
  }
  expect(queue.accounting.counts()).toMatchObject({ exported: 0, dropped: { shutdown_deadline: 1 } });
});

test('a destination that responds within five seconds gets the whole timeout', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { sender, queue } = open({ maxBatchSpans: 1, concurrency: 1 });
  add(queue, 2);
  const ended = queue.shutdown();
  await turn();
  sender.open[0]!.answer(ok);
  await turn();
  vi.advanceTimersByTime(29_000);
  await turn();
  sender.open[0]!.answer(ok);
  expect(await ended).toEqual({ exported: 2, left: 0, dropped: 0 });
});

test('a shutdown does not wait for a port that speaks another protocol', async () => {
  const reported = collectDiag();
  const { sender, queue } = open({ maxBatchSpans: 1 });
  add(queue, 1);
  const ended = queue.shutdown();
  await turn();
  sender.open[0]!.answer({ status: 'retry', wrongProtocol: true, error: new Error('the response is not HTTP/1.1') });
  expect(await ended).toEqual({ exported: 0, left: 0, dropped: 1 });
  expect(reported[0]).toContain('the response is not HTTP/1.1');
});
