// What the wrappers add to each call, with the clients stubbed right below it: npm run bench:paths [SETUP ...]
// Each set-up runs in a process of its own, in which slices of the raw client, the fast path and the slow path take turns. What else
// the machine does only ever adds: the minimum is the figure, the median tells how disturbed it was.
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface Figures {
  min: number;
  median: number;
  bytes: number;
}
type Variant = 'raw' | 'fast' | 'slow';

const program = fileURLToPath(new URL('support/paths-client.js', import.meta.url));
const run = promisify(execFile);
const given = process.argv.slice(2);
const setups = given.length > 0 ? given : ['mqtrace0', 'mqtrace100', 'own0', 'own100'];

console.log(`Node.js ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`);
console.log('Microseconds per message above the raw client: minimum (median); bytes allocated.\n');
for (const setup of setups) {
  for (const baggage of ['0', '8']) {
    console.log(`\n| ${setup}, ${baggage} baggage entries | raw | fast path | bytes | fastPath: false | bytes |`);
    console.log('| --- | --- | --- | --- | --- | --- |');
    const { stdout } = await run(process.execPath, ['--expose-gc', program, setup, baggage]);
    for (const [path, { raw, fast, slow }] of Object.entries(
      JSON.parse(stdout) as Record<string, Record<Variant, Figures>>,
    )) {
      const added = (of: Figures): string =>
        `${(of.min - raw.min).toFixed(2)} (${(of.median - raw.median).toFixed(2)})`;
      const bytes = (of: Figures): string => String(of.bytes - raw.bytes);
      const cells = [path, raw.min.toFixed(2), added(fast), bytes(fast), added(slow), bytes(slow)];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}
