import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { plainSpan } from './testing/plain-span.ts';
import { add, answerAll, ok, open, sentSpans, turn } from './testing/open-queue.ts';
import { collectDiag } from '../sdk/testing/diag-log.ts';
import { listFiles } from '../../test-support/list-files.ts';

afterEach(() => void vi.useRealTimers());

test('a batch is closed by its size, by its bytes, or by its age', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { sender, queue } = open({ maxBatchSpans: 10, maxBatchBytes: 2000 });
  add(queue, 12);
  await turn();
  expect(sentSpans(sender)).toEqual([10]);
  add(queue, 2, 900);
  await turn();
  // A span that would make it too large is added to the next one.
  expect(sentSpans(sender)).toEqual([10, 3]);
  vi.advanceTimersByTime(4999);
  await turn();
  expect(sentSpans(sender)).toEqual([10, 3]);
  vi.advanceTimersByTime(1);
  await turn();
  expect(sentSpans(sender)).toEqual([10, 3, 1]);
});

test('by default a batch has 512 spans and four requests are in flight; waiting batches share the next request', async () => {
  const { sender, queue } = open();
  add(queue, 512 * 13 + 1);
  await turn();
  // Thirteen batches in four requests: none is missing, and batches are joined where possible.
  expect(sentSpans(sender)).toEqual([512 * 4, 512 * 4, 512 * 4, 512]);
  add(queue, 512 * 6 - 1);
  await turn();
  expect(sender.open).toHaveLength(4);
  sender.open[0]!.answer(ok);
  await turn();
  expect(sender.mostOpen).toBe(4);
  expect(sentSpans(sender).at(-1)).toBe(512 * 6);
  answerAll(sender, ok);
  await turn();
  expect(queue.accounting.counts()).toMatchObject({ exported: 512 * 19, queued: 0, inFlight: 0 });
});

test('shared requests stay within the maximum bytes and the configured number of spans', async () => {
  const byBytes = open({ maxBatchBytes: 200_000, concurrency: 1 });
  add(byBytes.queue, 512 * 4, 100);
  await turn();
  const given = open({ maxBatchSpans: 512, concurrency: 1 });
  add(given.queue, 512 * 4);
  await turn();
  expect(sentSpans(byBytes.sender)).toEqual([512 * 2]);
  expect(sentSpans(given.sender)).toEqual([512]);
});

test('halves of a batch with a copy on disk are not joined with others, and the copy is deleted when both are finished', async () => {
  collectDiag();
  const directory = mkdtempSync(join(tmpdir(), 'mqtrace-queue-'));
  const onDisk = (): string[] => listFiles(directory, '.otlp');
  try {
    const { sender, queue } = open({ concurrency: 1, spool: { directory } });
    // The second half is so small that another batch would fit in the request.
    add(queue, 256, 500);
    add(queue, 256);
    await turn();
    queue.persistAll();
    expect(onDisk()).toHaveLength(1);
    for (let i = 0; i < 2; i++) {
      add(queue, 5);
      void queue.flush();
    }
    sender.open[0]!.answer({ status: 'split', error: 'too large' });
    await turn();
    const sizes: number[] = [];
    while (sender.open.length > 0) {
      sizes.push(sender.open[0]!.spans);
      expect(onDisk()).toHaveLength(sizes.length < 3 ? 1 : 0);
      sender.open[0]!.answer(ok);
      await turn();
    }
    expect(sizes).toEqual([256, 256, 10]);
    await queue.shutdown();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('while the receiver is unreachable, one batch is tried at a time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { sender, queue } = open();
  for (let batches = 0; batches < 4; batches++) {
    add(queue, 512);
    await turn();
  }
  expect(sender.open).toHaveLength(4);
  answerAll(sender, { status: 'retry', error: 'away' });
  await turn();
  vi.advanceTimersByTime(30_000);
  await turn();
  expect(sentSpans(sender)).toEqual([512]);
  sender.open[0]!.answer(ok);
  await turn();
  expect(sentSpans(sender)).toEqual([512 * 3]);
});

test('a delay requested by the receiver is kept even during a flush', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { sender, queue } = open({ maxBatchSpans: 1 });
  add(queue, 1);
  await turn();
  sender.open[0]!.answer({ status: 'retry', afterMs: 60_000, error: 'busy' });
  await turn();
  const flushed = queue.flush({ timeoutMs: 100_000 });
  await turn();
  vi.advanceTimersByTime(59_999);
  await turn();
  expect(sender.open).toEqual([]);
  vi.advanceTimersByTime(1);
  await turn();
  expect(sentSpans(sender)).toEqual([1]);
  sender.open[0]!.answer(ok);
  expect(await flushed).toEqual({ exported: 1, left: 0, dropped: 0 });
});

test('a flush ends a retry delay of the exporter', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { sender, queue } = open({ maxBatchSpans: 1 });
  add(queue, 1);
  await turn();
  sender.open[0]!.answer({ status: 'retry', error: 'away' });
  await turn();
  expect(sender.open).toEqual([]);
  const flushed = queue.flush();
  await turn();
  sender.open[0]!.answer(ok);
  expect(await flushed).toEqual({ exported: 1, left: 0, dropped: 0 });
});

test('a flush waits for requests in flight, not for spans that end later, and these are not left', async () => {
  const { sender, queue } = open({ maxBatchSpans: 2 });
  add(queue, 2);
  await turn();
  const flushed = queue.flush();
  let over = false;
  void flushed.then(() => (over = true));
  add(queue, 2);
  await turn();
  sender.open[1]!.answer(ok);
  await turn();
  expect(over).toBe(false);
  add(queue, 2);
  await turn();
  sender.open[0]!.answer(ok);
  expect(await flushed).toEqual({ exported: 4, left: 0, dropped: 0 });
  expect(queue.accounting.counts()).toMatchObject({ exported: 4, inFlight: 2 });
});

test('what a flush leaves is what had ended before it: in flight, waiting, and without those that end later', async () => {
  collectDiag();
  const { sender, queue } = open({ maxBatchSpans: 2, concurrency: 1, maxQueueSpans: 10 });
  add(queue, 5);
  await turn();
  const flushed = queue.flush({ timeoutMs: 20 });
  add(queue, 20);
  expect(await flushed).toEqual({ exported: 0, left: 5, dropped: 0 });
  expect(queue.accounting.counts().dropped.queue_full).toBe(15);
  const second = queue.flush();
  sender.open[0]!.answer({ status: 'reject', error: 'no' });
  for (let sent = 0; sent < 5; sent++) {
    await turn();
    sender.open[0]!.answer(ok);
  }
  expect(await second).toEqual({ exported: 8, left: 0, dropped: 2 });
});

test.each(['newest', 'oldest'] as const)('when memory is full the %s is dropped', async (dropWhenFull) => {
  collectDiag();
  const { sender, queue } = open({ maxBatchSpans: 2, maxQueueSpans: 6, concurrency: 1, dropWhenFull });
  const seen: string[] = [];
  sender.onSend = (ids) => void seen.push(...ids);
  for (let n = 1; n <= 8; n++) queue.add(plainSpan(n));
  const flushed = queue.flush();
  for (let i = 0; i < 3; i++) {
    await turn();
    sender.open[0]?.answer(ok);
  }
  expect(await flushed).toEqual({ exported: 6, left: 0, dropped: 0 });
  expect(queue.accounting.counts().dropped.queue_full).toBe(2);
  const expected = dropWhenFull === 'newest' ? [1, 2, 3, 4, 5, 6] : [3, 4, 5, 6, 7, 8];
  expect(seen.map((each) => Number.parseInt(each, 16))).toEqual(expected);
});

test('memory stays bounded when large spans replace small ones', () => {
  collectDiag();
  const { queue } = open({ maxBatchSpans: 8, maxBatchBytes: 4000, maxQueueBytes: 30_000, dropWhenFull: 'oldest' });
  add(queue, 150);
  for (let i = 0; i < 30; i++) {
    add(queue, 1, 3000);
    expect(queue.memoryBytes).toBeLessThan(30_000 + 4000);
  }
});

test('a memory limit of fewer spans than a batch sends when it is full', async () => {
  const { sender, queue } = open({ maxQueueSpans: 100 });
  add(queue, 100);
  await turn();
  expect(sentSpans(sender)).toEqual([100]);
});

test('a request that is too large is split in halves, down to a single span that is too large', async () => {
  collectDiag();
  const { sender, queue } = open({ maxBatchSpans: 7, concurrency: 1 });
  const sizes: number[] = [];
  add(queue, 7);
  await turn();
  while (sender.open.length > 0) {
    const [{ spans, answer }] = sender.open as [(typeof sender.open)[0]];
    sizes.push(spans);
    answer(spans > 1 || sizes.length === 4 ? { status: 'split', error: 'too large' } : ok);
    await turn();
  }
  // After the first single span, the size limit is known.
  expect(sizes).toEqual([7, 4, 2, 1, 1, 1, 1, 1, 1, 1]);
  expect(queue.accounting.counts()).toMatchObject({ exported: 6, dropped: { too_large: 1 } });
});

test('a buffer belongs to its batch until the acknowledgement, and is then reused', async () => {
  const { sender, queue } = open({ maxBatchSpans: 50 });
  const buffers = new Set<ArrayBufferLike>();
  sender.onSend = (_, bytes) => void buffers.add(bytes.buffer);
  for (let round = 0; round < 200; round++) {
    add(queue, 50, 500 + (round % 7) * 100);
    await turn();
    // Different requests stay in flight for a long time.
    if (sender.open.length === 4) sender.open[round % 4]!.answer(ok);
  }
  await turn();
  while (sender.open.length > 0) {
    sender.open[0]!.answer(ok);
    await turn();
  }
  expect(queue.accounting.exported).toBe(10_000);
  expect(sender.overwritten).toBe(0);
  expect(buffers.size).toBeLessThan(20);
});

test('a loss is reported at most once a minute for each reason, with the accumulated number', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const reported = collectDiag();
  const { queue } = open({ maxQueueSpans: 1, maxBatchSpans: 5 });
  add(queue, 10);
  expect(reported).toEqual([expect.stringContaining('test: 1 spans lost (queue_full)')]);
  vi.advanceTimersByTime(59_999);
  add(queue, 1);
  expect(reported).toHaveLength(1);
  vi.advanceTimersByTime(1);
  add(queue, 1);
  expect(reported.slice(1)).toEqual([expect.stringContaining('10 spans lost (queue_full)')]);
});
