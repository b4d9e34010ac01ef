import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BufferPool } from '../buffer-pool.ts';
import { DestinationQueue } from '../destination-queue.ts';
import { OpenBatch } from '../open-batch.ts';
import { plainSpan } from '../testing/plain-span.ts';
import { ScriptedSender } from '../testing/scripted-sender.ts';
import { listFiles } from '../../../test-support/list-files.ts';
import { thisOwner } from './owner.ts';
import { Spool } from './spool.ts';
import { nameSpoolFile } from './spool-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mqtrace-adoption-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
});

const ownerOf = (instance: string): string => join(instance, 'owner.json');

/** Creates the files of another process: an instance with batches of ten spans, and its owner. */
function leave(owner: object, secondsAgo: number, destination = 'test'): { path: string; files: string[] } {
  const spool = new Spool({ directory }, destination);
  const files: string[] = [];
  for (let i = 0; i < 3; i++) {
    const batch = new OpenBatch();
    for (let n = 0; n < 10; n++) batch.add(plainSpan(i * 10 + n + 1));
    const { buffer, length, spans } = batch.close(new BufferPool(0));
    const bytes = buffer.subarray(0, length);
    const file = nameSpoolFile(bytes, spans, i, Date.now() - 1000 + i);
    spool.writeSync(file, bytes);
    files.push(file.name);
  }
  writeFileSync(ownerOf(spool.path), JSON.stringify(owner));
  const then = Date.now() / 1000 - secondsAgo;
  utimesSync(ownerOf(spool.path), then, then);
  return { path: spool.path, files };
}

const elsewhere = { ...thisOwner(), host: 'elsewhere' };
const gone = { ...thisOwner(), pid: 2 ** 30 };

function open(maxBytes?: number): { queue: DestinationQueue; sender: ScriptedSender } {
  const sender = new ScriptedSender();
  return { queue: new DestinationQueue('test', sender, { concurrency: 1, spool: { directory, maxBytes } }), sender };
}

test('the files of an ended process are adopted by the next one, which sends the oldest first and deletes acknowledged ones', async () => {
  const left = leave(gone, 0);
  const { queue, sender } = open();
  const sent: string[] = [];
  sender.onSend = (ids) => void sent.push(ids[0]!);
  queue.start();
  const flushed = queue.flush();
  for (let n = 1; n <= 3; n++) {
    await vi.waitFor(() => expect(sender.open).toHaveLength(1));
    // Claimed by renaming: each file exists once, now in the instance of this process.
    const names = listFiles(directory, '.otlp');
    expect(names).toHaveLength(4 - n);
    expect(names.every((name) => name.includes(queue.spoolQueue!.spool.instance))).toBe(true);
    sender.open[0]!.answer({ status: 'ok', rejected: 0 });
  }
  expect(await flushed).toEqual({ exported: 30, left: 0, dropped: 0 });
  expect(sent.map((id) => Number.parseInt(id, 16))).toEqual([1, 11, 21]);
  expect(existsSync(left.path)).toBe(false);
  expect(queue.accounting.counts()).toMatchObject({ ended: 0, adopted: 30, exported: 30 });
  await queue.shutdown();
  // Empty directories are removed.
  expect(
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('owner')),
  ).toEqual([]);
});

test('a process that is not visible keeps its files while its heartbeat continues', async () => {
  const alive = leave(elsewhere, 50);
  const silent = leave(elsewhere, 70);
  const { queue } = open();
  await queue.adopt();
  expect(queue.accounting.counts().adopted).toBe(30);
  expect(existsSync(silent.path)).toBe(false);
  expect(readdirSync(alive.path)).toHaveLength(4);
  await queue.shutdown({ timeoutMs: 1 });
});

test('files for another destination, foreign files and links are not moved', async () => {
  const other = leave(gone, 0, 'other');
  const mixed = leave(gone, 0);
  writeFileSync(join(mixed.path, 'notes.txt'), 'not ours');
  const outside = join(directory, 'outside');
  writeFileSync(outside, 'not ours either');
  const link = mixed.files[0]!.replace(/-10-/, '-11-');
  symlinkSync(outside, join(mixed.path, link));
  mkdirSync(join(mixed.path, mixed.files[1]!.replace(/-10-/, '-12-')));
  const { queue } = open();
  await queue.adopt();
  expect(queue.accounting.counts()).toMatchObject({ adopted: 30, spooled: 30 });
  expect(readdirSync(other.path)).toHaveLength(4);
  expect(readdirSync(mixed.path)).toHaveLength(4);
  expect(readFileSync(outside, 'utf8')).toBe('not ours either');
  await queue.shutdown({ timeoutMs: 1 });
});

test('files over the size limit of the spool are left for later', async () => {
  const left = leave(gone, 0);
  const bytes = statSync(join(left.path, left.files[0]!)).size;
  const { queue } = open(bytes * 2);
  await queue.adopt();
  expect(queue.accounting.counts().adopted).toBe(20);
  expect(readdirSync(left.path).filter((name) => name.endsWith('.otlp'))).toHaveLength(1);
  await queue.shutdown({ timeoutMs: 1 });
});

/** Waits without advancing the clock. */
async function until(so: () => boolean): Promise<void> {
  while (!so()) await new Promise((resolve) => setImmediate(resolve));
}

test('adoption runs at the start and every 30 seconds, the heartbeat every 15 seconds', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { queue, sender } = open();
  sender.send = () => Promise.resolve({ status: 'retry', error: 'away' });
  queue.start();
  await queue.adopt();
  for (let n = 0; n < 512; n++) queue.add(plainSpan(n + 100));
  await until(() => queue.accounting.spooled === 512);
  const own = ownerOf(queue.spoolQueue!.spool.path);
  utimesSync(own, 1000, 1000);
  leave(gone, 0);
  vi.advanceTimersByTime(14_999);
  expect(statSync(own).mtimeMs).toBe(1_000_000);
  vi.advanceTimersByTime(1);
  expect(statSync(own).mtimeMs).toBeGreaterThan(1_000_000);
  vi.advanceTimersByTime(14_999);
  // Enough time for a search, if one had started.
  for (let i = 0; i < 50; i++) await readdir(directory, { recursive: true });
  expect(queue.accounting.counts().adopted).toBe(0);
  vi.advanceTimersByTime(1);
  await until(() => queue.accounting.counts().adopted === 30);
  expect(queue.accounting.counts().adopted).toBe(30);
  await queue.shutdown({ timeoutMs: 1 });
});
