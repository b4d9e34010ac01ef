import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HeldSpans } from '../common/held-spans.ts';
import { DestinationQueue } from './destination-queue.ts';
import type { SendResult } from './sender.ts';
import { parseSpoolFile } from './spool/spool-file.ts';
import { plainSpan } from './testing/plain-span.ts';
import { ScriptedSender } from './testing/scripted-sender.ts';
import { listFiles } from '../../test-support/list-files.ts';

type Step =
  | { readonly do: 'end'; readonly spans: number; readonly size: number }
  | { readonly do: 'answer'; readonly which: number; readonly result: SendResult }
  | { readonly do: 'wait' | 'flush' | 'persistAll' | 'break' | 'encodeWrong' }
  | { readonly do: 'hold'; readonly held: number; readonly sampledOut: number };

const result: fc.Arbitrary<SendResult> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ status: fc.constant('ok' as const), rejected: fc.constantFrom(0, 0, 1, 1000) }) },
  fc.record({
    status: fc.constantFrom('retry' as const, 'split' as const, 'reject' as const),
    error: fc.constant('told to'),
  }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      spans: fc.integer({ min: 1, max: 30 }),
      size: fc.constantFrom(0, 10, 500, 3000),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const), which: fc.nat(3), result }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('wait' as const, 'flush' as const) }) },
  fc.record({ do: fc.constantFrom('persistAll' as const, 'encodeWrong' as const, 'break' as const) }),
  fc.record({ do: fc.constant('hold' as const), held: fc.nat(50), sampledOut: fc.nat(50) }),
);

const unencodable = plainSpan(1, {
  attributes: Object.defineProperty({}, 'a', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  }),
});

function spansOnDisk(directory: string): number {
  return listFiles(directory).reduce((sum, path) => sum + (parseSpoolFile(basename(path), 0, 0)?.spans ?? 0), 0);
}

async function run(
  steps: readonly Step[],
  directory: string | undefined,
  { dropWhenFull, joins }: { dropWhenFull: 'newest' | 'oldest'; joins: boolean },
): Promise<void> {
  const sender = new ScriptedSender();
  const queue = new DestinationQueue('test', sender, {
    // Batches are joined if no number of spans is configured.
    maxBatchSpans: joins ? undefined : 8,
    maxBatchBytes: 4000,
    maxQueueSpans: 60,
    maxQueueBytes: 30_000,
    concurrency: 2,
    dropWhenFull,
    ...(directory !== undefined && { spool: { directory, maxBytes: 40_000 } }),
  });
  queue.start();
  const source = { held: 0, heldBytes: 0, sampledOut: 0, capped: 0, settle: () => undefined } satisfies HeldSpans;
  queue.accounting.source = source;
  let ended = 0;
  let breaks = 0;
  const check = (): void => {
    const counts = queue.accounting.counts();
    expect(counts.ended + counts.adopted).toBe(
      counts.exported + counts.droppedTotal + counts.queued + counts.held + counts.inFlight + counts.spooled,
    );
    // Memory is bounded: queued spans, one more span, and batches read from disk to be sent.
    expect(queue.memoryBytes).toBeLessThanOrEqual(30_000 + 4000 * (1 + 2));
    expect(counts.queued + counts.inFlight).toBeLessThanOrEqual(60 + (directory === undefined ? 0 : 60));
    expect(Object.values(counts.dropped).reduce((sum, count) => sum + count, 0)).toBe(counts.droppedTotal);
    expect(counts.ended).toBe(ended + source.held + source.sampledOut);
    for (const place of [counts.queued, counts.inFlight, counts.spooled]) expect(place).toBeGreaterThanOrEqual(0);
  };
  for (const step of steps) {
    if (step.do === 'end') {
      for (let i = 0; i < step.spans; i++)
        queue.add(plainSpan(++ended, { attributes: { text: 'x'.repeat(step.size) } }));
    } else if (step.do === 'answer') sender.open[step.which]?.answer(step.result);
    else if (step.do === 'persistAll') queue.persistAll();
    else if (step.do === 'hold') {
      source.held = step.held;
      source.sampledOut += step.sampledOut;
    } else if (step.do === 'encodeWrong') {
      ended++;
      queue.add(unencodable);
    } else if (step.do === 'break') {
      // Removed in one step, because files are being written to it.
      if (directory !== undefined && existsSync(directory)) renameSync(directory, `${directory}-gone-${++breaks}`);
    } else if (step.do === 'flush') void queue.flush({ timeoutMs: 1 });
    else for (let i = 0; i < 3; i++) await immediate();
    check();
    await immediate();
    check();
  }
  const { exported } = queue.accounting;
  expect(sender.acknowledged).toBe(exported);
  expect(sender.mostOpen).toBeLessThanOrEqual(2);
  const over = queue.shutdown({ timeoutMs: 5 });
  check();
  const { left } = await over;
  check();
  queue.add(plainSpan(++ended));
  const counts = queue.accounting.counts();
  check();
  expect(counts).toMatchObject({ queued: 0, inFlight: 0 });
  expect(counts.dropped.after_shutdown).toBe(1);
  // A real source holds none after the shutdown.
  expect(left).toBe(counts.spooled);
  expect(sender.acknowledged).toBe(counts.exported);
  expect(sender.closed).toBe(true);
  expect(sender.overwritten).toBe(0);
  if (directory !== undefined && !steps.some((each) => each.do === 'break'))
    expect(spansOnDisk(directory)).toBe(counts.spooled);
}

const ways = fc.record({ dropWhenFull: fc.constantFrom('newest' as const, 'oldest' as const), joins: fc.boolean() });

test('the counters balance after every step, in memory', async () => {
  const property = fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), ways, (steps, way) => run(steps, undefined, way)),
    { numRuns: 200 },
  );
  await expect(property).resolves.toBeUndefined();
}, 60_000);

test('the counters balance after every step, with a spool', async () => {
  const property = fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), ways, async (steps, way) => {
      const directory = mkdtempSync(join(tmpdir(), 'mqtrace-spool-'));
      try {
        await run(steps, join(directory, 'spool'), way);
      } finally {
        rmSync(directory, { recursive: true });
      }
    }),
    { numRuns: 150 },
  );
  await expect(property).resolves.toBeUndefined();
}, 60_000);
