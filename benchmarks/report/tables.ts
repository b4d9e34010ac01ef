// Prints the tables of results for `npm run bench`.
import type { BrokerResult } from '../brokers/measure.ts';
import type { PathResult } from '../paths/measure.ts';
import type { StartupResult } from '../startup/measure.ts';
import { added, addedBytes } from './added.ts';
import { figure, table } from './markdown.ts';

/** The added cost of each variant, minima and medians, with the quartiles of the median. */
export function pathsTable(results: readonly PathResult[], variants: readonly string[]): string {
  const shown = variants.filter((variant) => variant !== 'raw' && results.some(({ figures }) => variant in figures));
  const rows = results.map((result) => {
    const { raw } = result.figures;
    return [
      result.name,
      raw === undefined ? '' : `${figure(raw.min)} (${figure(raw.median)})`,
      ...shown.map((variant) => {
        const [of, least] = [result.figures[variant], added(result, variant)];
        if (of === undefined || least === undefined) return '';
        const [low, middle, high] = [of.p25, of.median, of.p75].map((value) => figure(value - raw!.median));
        return `${figure(least)} (${middle}, ${low} to ${high})`;
      }),
    ];
  });
  return table(['per message', 'raw', ...shown], rows);
}

/** Bytes allocated per message above the raw client. */
export function bytesTable(results: readonly PathResult[], variants: readonly string[]): string {
  const measured = results.filter(({ figures }) => figures['raw']?.bytes !== undefined);
  const shown = variants.filter((variant) => variant !== 'raw' && measured.some(({ figures }) => variant in figures));
  const rows = measured.map((result) =>
    [result.name].concat(shown.map((variant) => addedBytes(result, variant)?.toLocaleString('en') ?? '')),
  );
  return table(['bytes per message', ...shown], rows);
}

/** The cost of loading, compared with a process that loads nothing. */
export function startupTable(results: readonly StartupResult[]): string {
  const nothing = (by: string): StartupResult | undefined =>
    results.find((each) => each.specifier === 'nothing' && each.by === by);
  const cell = (result: StartupResult): string[] => {
    const bare = nothing(result.by);
    if (bare === undefined) return [];
    return [
      `${figure(result.ms.min)} (${figure(result.ms.median)})`,
      figure(result.cpu.min - bare.cpu.min),
      ((result.rss.min - bare.rss.min) / 2 ** 20).toFixed(1),
    ];
  };
  const names = [...new Set(results.map(({ specifier }) => specifier))].filter((name) => name !== 'nothing');
  const cells = (name: string): string[] =>
    (['require', 'import'] as const).flatMap((by) => {
      const result = results.find((each) => each.specifier === name && each.by === by);
      return result === undefined ? ['', '', ''] : cell(result);
    });
  const rows = names.map((name) => [name.includes('mqtrace') ? name : `${name} alone`].concat(cells(name)));
  return table(['loaded', 'require, ms', 'processor, ms', 'MiB', 'import, ms', 'processor, ms', 'MiB'], rows);
}

/** The results of each variant on real brokers, compared with "context only", the lower limit for tracing. */
export function brokersTable(results: readonly BrokerResult[]): string {
  const rows = results.flatMap(({ name, operations, latency, peak }) =>
    Object.keys(latency).map((variant) => {
      const cells = (['produce', 'hop', 'consume', 'backlog'] as const).flatMap((operation) => {
        const [figure, limit] = [operations[operation]?.[variant], operations[operation]?.['context']];
        if (figure === undefined) return ['', ''];
        const share = limit === undefined ? '' : ` (${(limit.clock.min / figure.clock.min).toFixed(2)})`;
        const perSecond = Math.round(1e6 / figure.clock.min).toLocaleString('en');
        return [`${perSecond}${share}`, (figure.cpu.min / 100).toFixed(2)];
      });
      const [of, limit] = [latency[variant]!, latency['context']];
      const added =
        limit === undefined ? ['', ''] : [of.p50 - limit.p50, of.p99 - limit.p99].map((ms) => ms.toFixed(2));
      return [`${name}, ${variant}`].concat(cells, added, (peak[variant]! / 2 ** 20).toFixed(0));
    }),
  );
  const header = [
    'produce/s',
    'CPU s',
    'hop/s',
    'CPU s',
    'consume/s',
    'CPU s',
    'backlog/s',
    'CPU s',
    'p50 added, ms',
    'p99 added, ms',
    'MiB',
  ];
  return table(['client, variant', ...header], rows);
}
