import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CompiledSources, ended } from '../testing/child.ts';
import { listFiles } from '../../../test-support/list-files.ts';
import { HttpReceiver } from '../../../test-support/otlp-receiver.ts';
import { decodeRequest, spansOf } from '../../../test-support/otlp-schema.ts';

/** The number of killed processes; set by `MQTRACE_KILLS`. */
const kills = Number(process.env['MQTRACE_KILLS'] ?? 100);
/** Concurrent processes with the same directory. */
const chains = 3;

let sources: CompiledSources;
let receiver: HttpReceiver;
let directory: string;

beforeAll(async () => {
  sources = await CompiledSources.compile();
  receiver = await new HttpReceiver().start();
  directory = mkdtempSync(join(tmpdir(), 'mqtrace-kill-'));
}, 120_000);
afterAll(async () => {
  sources.remove();
  await receiver.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** A process without the SDK starts several times faster. */
const light = `
  import { randomBytes } from 'node:crypto';
  import { Agent } from 'node:http';
  import { DestinationQueue } from './src/export/destination-queue.js';
  import { HttpSender } from './src/export/http-sender.js';`;

/** Creates spans of random sizes endlessly, and prints the number of stored ones periodically. */
const busy = (port: number, spool: string): string => `
  const url = 'http://127.0.0.1:${port}/v1/traces';
  const sender = new HttpSender({ url, headers: async () => ({}), agentFactory: () => new Agent({ keepAlive: true }), timeoutMs: 1000,
    compression: 'none', contentType: 'application/x-protobuf', readSuccess: () => ({ status: 'ok', rejected: 0 }) });
  const queue = new DestinationQueue('http/protobuf ' + url, sender,
    { maxBatchSpans: 20, intervalMs: 10, spool: { directory: ${JSON.stringify(spool)} } });
  queue.start();
  const scope = { name: 'kill' }, resource = { attributes: {} };
  const add = () => {
    const context = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex'), traceFlags: 1 };
    queue.add({ name: 'work', kind: 0, spanContext: () => context, startTime: [1, 2], endTime: [3, 4], status: { code: 0 }, links: [], events: [],
      attributes: { filler: 'x'.repeat(Math.random() * 2000) }, resource, instrumentationScope: scope,
      droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 });
  };
  const again = () => { for (let i = 0; i < 40; i++) add(); setTimeout(again, 3); };
  again();
  setInterval(() => console.log(JSON.stringify({ safe: queue.accounting.spooled })), 5);`;

/** The ids of all spans in complete files that were not read yet; decoding must not fail. */
function onDisk(known: Set<string>): Set<string> {
  const ids = new Set<string>();
  for (const path of listFiles(directory, '.otlp')) {
    // The name identifies the content, even after a move: each file is read once.
    const name = basename(path);
    if (known.has(name)) continue;
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      // Another process has sent or adopted it.
      continue;
    }
    known.add(name);
    for (const span of spansOf(decodeRequest(bytes))) ids.add(Buffer.from(span.spanId, 'base64').toString('hex'));
  }
  return ids;
}

test(`${kills} kills at random points lose no spans that were on disk`, async () => {
  const acknowledged = new Set<string>();
  const known = new Set<string>();
  let left = kills;
  let claims = 0;
  const chain = async (): Promise<void> => {
    while (left-- > 0) {
      // The receiver is up, down, slow or closing connections while processes start and end.
      const mood = Math.random();
      receiver.behaviour =
        mood < 0.4
          ? { status: 503 }
          : mood < 0.7
            ? { cut: 'before' }
            : mood < 0.9
              ? (n) => (n % 3 === 0 ? { delayMs: 20 } : { status: 503 })
              : {};
      const child = sources.start(busy(receiver.port, directory), light);
      const late = Math.random() * 250;
      let armed = false;
      const { signal, err } = await ended(child, (line) => {
        const { safe } = JSON.parse(line) as { safe: number };
        if (safe > 0) claims++;
        // Some are killed before anything is on disk, most of them later.
        if (armed || (safe === 0 && late > 50)) return;
        armed = true;
        setTimeout(() => child.kill('SIGKILL'), late);
      });
      const unexpected = err.replaceAll(/^mqtrace: .*: the export failed and will be retried: .*\n/gm, '');
      expect({ signal, unexpected }).toEqual({ signal: 'SIGKILL', unexpected: '' });
      for (const id of onDisk(known)) acknowledged.add(id);
    }
  };
  await Promise.all(Array.from({ length: chains }, chain));
  expect(claims).toBeGreaterThan(0);
  expect(acknowledged.size).toBeGreaterThan(0);

  receiver.behaviour = {};
  const { out, code } = await sources.run(`
    const tracing = startTracing({ export: { endpoint: 'http://127.0.0.1:${receiver.port}', spool: { directory: ${JSON.stringify(directory)}, maxBytes: 1e10 } } });
    const result = await tracing.shutdown({ timeoutMs: 120000 });
    const { adopted, exported, dropped } = tracing.stats().destinations[0];
    console.log(JSON.stringify({ left: result.left, lost: adopted - exported, corrupt: dropped.corrupt }));`);
  expect({ out: out.trim(), code }).toEqual({ out: '{"left":0,"lost":0,"corrupt":0}', code: 0 });
  const missing = [...acknowledged].filter((id) => !receiver.received.spans.has(id));
  expect(missing).toEqual([]);
  expect(receiver.received.undecodable).toBe(0);
  expect(onDisk(new Set()).size).toBe(0);
}, 600_000);

test('spans that a process reports as stored are on disk', async () => {
  const away = mkdtempSync(join(tmpdir(), 'mqtrace-claim-'));
  try {
    for (let i = 0; i < 5; i++) {
      const child = sources.start(busy(1, away), light);
      let claimed = 0;
      await ended(child, (line) => {
        claimed = (JSON.parse(line) as { safe: number }).safe;
        if (claimed > 100 * (i + 1)) child.kill('SIGKILL');
      });
      const spans = listFiles(away, '.otlp').reduce(
        (sum, path) => sum + spansOf(decodeRequest(readFileSync(path))).length,
        0,
      );
      expect(spans).toBeGreaterThanOrEqual(claimed);
    }
  } finally {
    rmSync(away, { recursive: true, force: true });
  }
}, 120_000);

test('damaged files are moved aside and counted, and the rest is delivered', async () => {
  const spool = mkdtempSync(join(tmpdir(), 'mqtrace-damage-'));
  try {
    const child = sources.start(busy(1, spool), light);
    await ended(child, (line) => void ((JSON.parse(line) as { safe: number }).safe > 200 && child.kill('SIGKILL')));
    const [torn, flipped] = listFiles(spool, '.otlp') as [string, string];
    const spansIn = (file: string): number => spansOf(decodeRequest(readFileSync(file))).length;
    const damaged = spansIn(torn) + spansIn(flipped);
    writeFileSync(torn, readFileSync(torn).subarray(0, 100));
    const bytes = readFileSync(flipped);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(flipped, bytes);
    writeFileSync(join(torn, '..', 'foreign.txt'), 'not ours');
    const { out } = await sources.run(`
      const tracing = startTracing({ export: { endpoint: 'http://127.0.0.1:1', spool: { directory: ${JSON.stringify(spool)} } } });
      for (let i = 0; i < 40; i++) await tracing.flush({ timeoutMs: 50 });
      const { adopted, dropped, spooled, inFlight, queued } = tracing.stats().destinations[0];
      console.log(JSON.stringify({ corrupt: dropped.corrupt, balanced: adopted === dropped.corrupt + spooled + inFlight + queued }));`);
    expect(JSON.parse(out)).toEqual({ corrupt: damaged, balanced: true });
    // Foreign files are not moved; damaged files are moved to where they are not sent.
    const names = listFiles(spool);
    expect(names.filter((name) => name.endsWith('foreign.txt'))).toHaveLength(1);
    expect(names.filter((name) => name.includes('damaged/'))).toHaveLength(2);
  } finally {
    rmSync(spool, { recursive: true, force: true });
  }
}, 120_000);
