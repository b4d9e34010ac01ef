// Shows what the options of the wrappers add to the cost of a message.
import { metricsFamilies, optionFamilies, optionFeatures } from '../paths/cases.ts';
import type { PathResult } from '../paths/measure.ts';
import { figure, table } from './markdown.ts';

/** What a feature adds to the same variant without it: microseconds of the minima, and bytes. */
function addedBy({ figures }: PathResult, feature: string, percent: number): string | undefined {
  const [plain, used] = [figures[`mqtrace-${percent}`], figures[`mqtrace+${feature}-${percent}`]];
  if (plain === undefined || used === undefined) return undefined;
  const micros = figure(used.min - plain.min);
  if (plain.bytes === undefined || used.bytes === undefined) return micros;
  return `${micros}, ${Math.round(used.bytes - plain.bytes).toLocaleString('en')} B`;
}

/** A row for each option, a column for each path; each cell for nothing sampled and for everything. */
export function optionsTable(all: readonly PathResult[]): string {
  const results = all.filter(({ family }) => optionFamilies.includes(family));
  const rows = optionFeatures.map(({ feature, title }) =>
    [title].concat(
      results.map((result) => {
        const [none, everything] = [0, 100].map((percent) => addedBy(result, feature, percent));
        return none === undefined || everything === undefined ? '' : `${none}; ${everything}`;
      }),
    ),
  );
  return table([''].concat(results.map(({ name }) => name)), rows);
}

/** A row for each path: what all metrics add, if nothing is sampled. Empty if that was not measured. */
export function metricsTable(results: readonly PathResult[]): string {
  const rows = results.flatMap((result) => {
    const added = addedBy(result, 'metrics', 0);
    return added === undefined ? [] : [[result.name, metricsFamilies[result.family] ?? '', added]];
  });
  return rows.length === 0 ? '' : table(['nothing sampled', 'one message is', '`metrics` add'], rows);
}
