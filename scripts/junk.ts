// Generates invalid and hostile headers for the fuzz script.
import { propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Format } from '../carriers/testing/formats.ts';
import { mqtracePropagator } from '../src/propagation/index.ts';

/** Each is repeated until it is long enough, in each of `traceparent`, `tracestate` and `baggage`. */
const junk: Readonly<Record<string, Buffer>> = {
  members: Buffer.from('k=v,'),
  commas: Buffer.from(','),
  'invalid UTF-8': Buffer.from([0xff]),
  'members of invalid UTF-8': Buffer.from([0x6b, 0x3d, 0xff, 0x2c]),
  'euro signs': Buffer.from('k=€,'),
  'percent signs': Buffer.from('k=%FF,'),
};
const sizes = [40_000, 400_000, 4_000_000];
const limitMs = 0.1;
const runs = 200;
const setter = { set: (): void => undefined };

/** Milliseconds of extracting, and of reading and re-injecting the baggage; in the fastest run. */
function time({ adapter, make }: Format<unknown>, value: Buffer | string): [extract: number, use: number] | undefined {
  let headers: unknown;
  try {
    headers = make([
      ['traceparent', value],
      ['tracestate', value],
      ['baggage', value],
    ]);
  } catch {
    return undefined; // Not valid as HTTP headers.
  }
  let [extract, use] = [Infinity, Infinity];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    const context = mqtracePropagator.extract(ROOT_CONTEXT, headers, adapter);
    const extracted = performance.now();
    propagation.getBaggage(context)?.getEntry('k');
    mqtracePropagator.inject(context, {}, setter);
    extract = Math.min(extract, extracted - start);
    use = Math.min(use, performance.now() - extracted);
  }
  return [extract, use];
}

/**
 * Prints the cost of the worst input for each carrier and size: it should be the same for all sizes. The fastest run is used,
 * because other load on the machine can only add to it. Returns false if 4 MB take more than 0.1 ms.
 */
export function timeJunk(formats: readonly Format<unknown>[], print: (line: string) => void): boolean {
  const wanted = `at most ${limitMs} ms`;
  print(
    `junk of ${sizes.map((size) => `${size / 1000} KB`).join(', ')} in each of three headers, ms: extract (${wanted}), then read and re-inject`,
  );
  let good = true;
  for (const format of formats) {
    const measured = Object.entries(junk).flatMap(([name, piece]) => {
      const bytes = sizes.map((size) => Buffer.alloc(size, piece));
      const texts = bytes.map((each) => each.toString(format.http ? 'latin1' : 'utf8'));
      return (format.http ? [texts] : [texts, bytes]).map((values) => ({
        name,
        times: values.map((value) => time(format, value)).filter((each) => each !== undefined),
      }));
    });
    const complete = measured.filter(({ times }) => times.length === sizes.length);
    const worst = complete.sort((a, b) => slowest(b.times) - slowest(a.times))[0]!;
    const columns = worst.times.map(([extract, use]) => `${extract.toFixed(4)} + ${use.toFixed(4)}`.padEnd(17));
    const ok = slowest(worst.times) <= limitMs;
    good &&= ok;
    print(`  ${format.adapter.name.padEnd(20)} ${columns.join(' ')} ${ok ? '' : 'TOO SLOW: '}${worst.name}`);
  }
  return good;
}

function slowest(times: readonly (readonly [extract: number, use: number])[]): number {
  return Math.max(...times.map(([extract]) => extract));
}
