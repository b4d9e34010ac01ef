// Checks that memory does not grow, and measures the cost of unfinished messages: npm run soak -- [--short] [--messages
// N] Fails if memory grows.
import { parseArgs } from 'node:util';
import { table } from './report/markdown.ts';
import { machineOf } from './runner/machine.ts';
import { startSink, Worker } from './runner/worker.ts';
import { growthOf } from './soak/growth.ts';

interface Unfinished {
  readonly bytes: number;
  readonly blocked: number;
  readonly longest: number;
}

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    messages: { type: 'string' },
    variant: { type: 'string', default: 'mqtrace-0,mqtrace-100,own-0,own-100' },
  },
});
const messages = Number(values.messages ?? (values.short ? 60_000 : 1_000_000));
const few = values.short ? 20_000 : 100_000;
const points = 20;
const variants = values.variant.split(',');
const kinds = ['unsettled AMQP deliveries', 'unconfirmed publishes', 'unanswered XADDs'];
const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000).toLocaleString('en')} kB`;

const sink = await startSink();
const inWorker = async <T>(variant: string, work: (worker: Worker) => Promise<T>): Promise<T> => {
  const worker = await Worker.start('soak/worker.js', [variant, sink.url]);
  try {
    return await work(worker);
  } finally {
    worker.stop();
  }
};

try {
  const { node, processor } = await machineOf(process.execPath);
  console.log(`Node.js ${node}, ${processor}\n`);
  const rows: string[][] = [];
  for (const variant of variants) {
    for (const [count, destinations] of [
      [messages, 1],
      [few, few],
    ] as const) {
      const heaps = await inWorker(variant, (worker) => worker.call<number[]>('flat', count, destinations, points));
      const { bytes, allowed, grows } = growthOf(heaps);
      if (grows) process.exitCode = 1;
      const name = `${count.toLocaleString('en')} messages, ${destinations.toLocaleString('en')} destination${destinations === 1 ? '' : 's'}`;
      rows.push([
        variant,
        name,
        kilobytes(heaps.at(-1)!),
        kilobytes(bytes),
        kilobytes(allowed),
        grows ? 'GROWS' : 'flat',
      ]);
      process.stderr.write(`${rows.at(-1)!.join(', ')}\n`);
    }
  }
  console.log(table(['variant', 'run', 'heap', 'second half above first', 'allowed', ''], rows));

  const raw = new Map<string, Unfinished>();
  const unfinished: string[][] = [];
  for (const variant of ['raw', ...variants]) {
    for (const kind of kinds) {
      const one = await inWorker(variant, (worker) => worker.call<Unfinished>('unfinished', kind, few));
      if (variant === 'raw') raw.set(kind, one);
      else {
        const { bytes, blocked } = raw.get(kind)!;
        const cells = [one.bytes - bytes, one.blocked, one.longest, blocked].map((value, at) =>
          value.toFixed(at === 0 ? 0 : 1),
        );
        unfinished.push([variant, `${few.toLocaleString('en')} ${kind}`, ...cells]);
      }
    }
  }
  console.log('\nBytes of heap above the raw client for each, and milliseconds that finishing all at once takes:\n');
  const header = ['variant', 'of', 'bytes each', 'blocks, ms', 'longest block after that, ms', 'raw client blocks, ms'];
  console.log(table(header, unfinished));
} finally {
  sink.stop();
}
