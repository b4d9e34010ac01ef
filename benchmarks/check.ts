// Compares the cost of mqtrace, as a ratio to the auto-instrumentation or the raw client in the same run, with
// baseline.json. Fails on
// a regression beyond the noise: npm run bench:check -- [--update] [--client NAME,…] [--path TEXT] [--node N]
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { few } from './paths/cases.ts';
import { measurePaths } from './paths/measure.ts';
import { table } from './report/markdown.ts';
import { compare, comparedVariants, type Comparison, type Ratios, ratiosOf } from './report/regressions.ts';
import { type Machine, machineOf, nodeOf } from './runner/machine.ts';
import { readOptions } from './runner/options.ts';

interface Baseline {
  machine: Machine;
  ratios: Ratios;
}

const path = fileURLToPath(new URL('baseline.json', import.meta.url));
/** By major version of Node.js, because the ratios differ between engines. */
const baselines = (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) as Record<string, Baseline>;
const args = process.argv.slice(2);
const update = args.includes('--update');
const options = readOptions(args.filter((each) => each !== '--update'))!;
const node = await nodeOf(options.nodes[0]);
const machine = await machineOf(node);
const [major = ''] = machine.node.split('.');

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const measure = async (names: ReadonlySet<string>, rounds: number): Promise<Ratios> => {
  const families = options.families.filter(
    ({ name }) => names.size === 0 || [...names].some((each) => each.startsWith(name)),
  );
  const choice = few;
  return ratiosOf(
    await measurePaths({ families, variants: comparedVariants, choice, rounds, messages: 1000, node, log }),
  );
};

const baseline = baselines[major];
const rounds = options.rounds ?? 16;
if (update) {
  const ratios = await measure(new Set(), rounds * 2);
  baselines[major] = { machine, ratios: { ...baseline?.ratios, ...ratios } };
  writeFileSync(path, `${JSON.stringify(baselines, undefined, 2)}\n`);
  log(`written to ${path}`);
} else if (baseline === undefined) {
  log(`${path} has no ratios of Node.js ${major}: run "npm run bench:check -- --update" before the change`);
  process.exitCode = 1;
} else {
  let compared = compare(baseline.ratios, await measure(new Set(), rounds));
  const suspects = new Set(compared.filter(({ regressed }) => regressed).map(({ name }) => name));
  if (suspects.size > 0) {
    log('what seems to have regressed is measured once more, in a longer run');
    const again = compare(baseline.ratios, await measure(suspects, rounds * 2));
    compared = compared.map((first) => {
      const second = again.find(({ name, variant }) => name === first.name && variant === first.variant);
      return first.regressed && second !== undefined ? second : first;
    });
  }
  const text = ({ value, noise }: Comparison['now']): string => `${value.toFixed(3)} ± ${noise.toFixed(3)}`;
  const rows = compared.map((one) => {
    const verdict = one.regressed ? 'REGRESSED' : '';
    return [one.name, one.variant, text(one.before), text(one.now), one.limit.toFixed(3), verdict];
  });
  console.log(table(['path', 'variant', 'baseline', 'now', 'limit', ''], rows));
  const regressed = compared.filter((one) => one.regressed).length;
  console.log(`\n${compared.length} ratios, ${regressed} regressed`);
  if (compared.length === 0 || regressed > 0) process.exitCode = 1;
}
