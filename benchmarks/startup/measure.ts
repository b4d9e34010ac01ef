// Measures the time and memory of loading each subpath, in new processes, in turns.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { summarise, type Summary } from '../report/statistics.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** The cost of loading in one process. */
export interface StartupResult {
  /** The specifier (`nothing` for a process that loads none), and how it is loaded. */
  readonly name: string;
  readonly specifier: string;
  readonly by: 'require' | 'import';
  /** Milliseconds of loading only. */
  readonly ms: Summary;
  /** Milliseconds of processor time of the whole process. */
  readonly cpu: Summary;
  /** Resident memory at the end of loading, in bytes. */
  readonly rss: Summary;
}

/** Every subpath of the package, all of them together, and the baseline without the package. */
function specifiers(): string[] {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: Record<string, unknown> };
  const subpaths = Object.keys(exports).filter((subpath) => !subpath.endsWith('.json'));
  const own = subpaths.map((subpath) => subpath.replace(/^\./, 'mqtrace'));
  return ['nothing', '@opentelemetry/api', ...own, own.join(' ')];
}

function programOf(specifier: string, by: 'require' | 'import'): string {
  const names = specifier === 'nothing' ? [] : specifier.split(' ');
  const loads = names.map((name) => (by === 'require' ? `require('${name}')` : `await import('${name}')`)).join('; ');
  return `const before = process.hrtime.bigint(); ${loads};
    const ms = Number(process.hrtime.bigint() - before) / 1e6;
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ ms, cpu: (user + system) / 1000, rss: process.memoryUsage.rss() }));`;
}

/** @param rounds - processes of each specifier. */
export async function measureStartup(node: string, rounds: number): Promise<StartupResult[]> {
  const cases = specifiers().flatMap((specifier) =>
    (['require', 'import'] as const).map((by) => ({
      specifier,
      by,
      args: [`--input-type=${by === 'require' ? 'commonjs' : 'module'}`, '--eval', programOf(specifier, by)],
      values: { ms: [] as number[], cpu: [] as number[], rss: [] as number[] },
    })),
  );
  // In the first round the files are read from the disk.
  for (let round = -1; round < rounds; round++) {
    for (const { args, values } of cases) {
      const { stdout } = await run(node, args, { cwd: root });
      const { ms, cpu, rss } = JSON.parse(stdout) as Record<'ms' | 'cpu' | 'rss', number>;
      if (round < 0) continue;
      values.ms.push(ms);
      values.cpu.push(cpu);
      values.rss.push(rss);
    }
  }
  return cases.map(({ specifier, by, values }) => {
    const name = specifier.includes(' ') ? 'all of mqtrace' : specifier;
    const { ms, cpu, rss } = values;
    return { name: `${name}, ${by}`, specifier: name, by, ms: summarise(ms), cpu: summarise(cpu), rss: summarise(rss) };
  });
}
