// Writes the tables of docs/performance.md from the results of all versions of Node.js.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrokerResult } from '../brokers/measure.ts';
import type { PathResult } from '../paths/measure.ts';
import { added, addedBytes, ratioTo } from './added.ts';
import { claimsTable } from './claims.ts';
import { figure, replaceBlock, table } from './markdown.ts';
import { metricsTable, optionsTable } from './options.ts';
import { allResults, type Part, type Results } from './results.ts';
import { brokersTable, startupTable } from './tables.ts';

const page = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));

/** Writes every block of the page. */
export function writeDocs(results: readonly Results[] = allResults(), path: string = page): void {
  let text = readFileSync(path, 'utf8');
  for (const [name, content] of Object.entries(blocksOf(results))) text = replaceBlock(text, name, content);
  writeFileSync(path, text);
}

/** The content of each block, by name. */
export function blocksOf(results: readonly Results[]): Record<string, string> {
  return {
    paths: eachNode(results, 'paths', ({ results }) => [unsampledTable(results), sampledTable(results)].join('\n\n')),
    baggage: eachNode(results.filter(hasBaggage), 'paths', ({ results }) => variedTable(baggageOf(results))),
    batches: eachNode(results, 'paths', ({ results }) => variedTable(batchesOf(results))),
    bytes: eachNode(results, 'paths', ({ results }) => bytesTable(results)),
    options: eachNode(results, 'options', ({ results }) =>
      [optionsTable(results), metricsTable(results)].filter(Boolean).join('\n\n'),
    ),
    claims: eachNode(results, 'paths', ({ results }) => claimsTable(results)),
    brokers: eachNode(results, 'brokers', ({ results }) => brokersTable(results as BrokerResult[])),
    startup: eachNode(results, 'startup', ({ results }) => startupTable(results)),
  };
}

function eachNode<Name extends keyof Results>(
  results: readonly Results[],
  name: Name,
  content: (part: NonNullable<Results[Name]>) => string,
): string {
  const parts = results.flatMap((each) => {
    const part = each[name];
    return part === undefined ? [] : [`${heading(part)}\n\n${content(part)}`];
  });
  return parts.length === 0 ? 'Not measured yet.' : parts.join('\n\n');
}

function heading({ machine }: Part<unknown>): string {
  const { node, cores, processor, load, at } = machine;
  return `**Node.js ${node}**, ${cores} cores of an ${processor}, load ${load.toFixed(1)} at the start, ${at.slice(0, 10)}:`;
}

/** Each path with its default size, without baggage. */
const usual = (results: readonly PathResult[]): PathResult[] => results.filter(({ baggage }) => baggage === 0);

/** Minimum and median of the added cost, with the ratio of the minima to that of the auto-instrumentation. */
function cell(result: PathResult, variant: string, auto?: string): string {
  const [least, middle] = [added(result, variant), added(result, variant, 'median')];
  if (least === undefined || middle === undefined) return '';
  const ratio = auto === undefined ? undefined : ratioTo(result, variant, auto);
  const text = `${figure(least)} (${figure(middle)})`;
  return ratio === undefined ? text : `${text}, ${ratio.value.toFixed(2)}`;
}

function unsampledTable(results: readonly PathResult[]): string {
  const rows = usual(results).map((result) => [
    result.name,
    cell(result, 'context'),
    cell(result, 'context+each'),
    cell(result, 'auto-0'),
    cell(result, 'mqtrace-0', 'auto-0'),
    cell(result, 'mqtrace+metrics-0', 'auto-0'),
    cell(result, 'own-0', 'auto-0'),
  ]);
  const limits = ['context only', 'a context for each'];
  return table(['nothing sampled'].concat(limits, 'auto', '`startTracing`', 'with metrics', 'your own SDK'), rows);
}

function sampledTable(results: readonly PathResult[]): string {
  const rows = usual(results).map((result) => [
    result.name,
    cell(result, 'auto-100'),
    cell(result, 'mqtrace-100', 'auto-100'),
    cell(result, 'own-100', 'auto-100'),
    cell(result, 'own+processor-100', 'auto-100'),
    cell(result, 'own+light-100', 'auto-100'),
  ]);
  const own = ['your own SDK', 'with `MqtraceSpanProcessor`', 'and its `lightSpans`'];
  return table(['all sampled', 'auto', '`startTracing`'].concat(own), rows);
}

/** Results of one family that differ in one parameter, with its values. */
interface Varied {
  readonly header: readonly string[];
  readonly rows: readonly { readonly name: string; readonly results: readonly (PathResult | undefined)[] }[];
}

/** The usual cases of a version of Node.js have no baggage. */
const hasBaggage = ({ paths }: Results): boolean => paths?.results.some(({ baggage }) => baggage > 0) === true;

function baggageOf(results: readonly PathResult[]): Varied {
  const entries = [...new Set(results.map(({ baggage }) => baggage))].toSorted((a, b) => a - b);
  const varied = results.filter(({ baggage }) => baggage > 0);
  const rows = [...new Set(varied.map(({ family }) => family))].map((family) => {
    const batch = varied.find((each) => each.family === family)!.batch;
    const name = results.find((each) => each.family === family && each.batch === batch && each.baggage === 0)?.name;
    const of = (baggage: number): PathResult | undefined =>
      results.find((each) => each.family === family && each.batch === batch && each.baggage === baggage);
    return { name: name ?? family, results: entries.map(of) };
  });
  return { header: entries.map((count) => `${count} entries`), rows };
}

function batchesOf(results: readonly PathResult[]): Varied {
  const plain = usual(results);
  const sizes = [...new Set(plain.map(({ batch }) => batch))].toSorted((a, b) => a - b);
  const families = [...new Set(plain.filter(({ batch }) => batch > 1).map(({ family }) => family))];
  const rows = families.map((family) => ({
    name: family,
    results: sizes.map((size) => plain.find((each) => each.family === family && each.batch === size)),
  }));
  return { header: sizes.map((size) => size.toLocaleString('en')), rows };
}

/** The added cost of each variant, by the varied parameter. */
function variedTable({ header, rows }: Varied): string {
  const variants: readonly (readonly [string, string])[] = [
    ['auto-0', 'auto'],
    ['mqtrace-0', '`startTracing`'],
    ['own-0', 'your own SDK'],
    ['mqtrace-100', '`startTracing`, all sampled'],
  ];
  const lines = rows.flatMap(({ name, results }) =>
    variants.map(([variant, title]) => {
      const cells = results.map((result) => {
        const least = result === undefined ? undefined : added(result, variant);
        return least === undefined ? '' : figure(least);
      });
      return [name, title].concat(cells);
    }),
  );
  return table(['path', 'with'].concat(header), lines);
}

function bytesTable(results: readonly PathResult[]): string {
  const variants = ['auto-0', 'mqtrace-0', 'own-0', 'auto-100', 'mqtrace-100', 'own+processor-100'];
  const measured = usual(results).filter((result) => addedBytes(result, 'mqtrace-0') !== undefined);
  const rows = measured.map((result) =>
    [result.name].concat(variants.map((variant) => addedBytes(result, variant)?.toLocaleString('en') ?? '')),
  );
  const header = ['auto', '`startTracing`', 'own SDK', 'auto', '`startTracing`', 'own, `MqtraceSpanProcessor`'];
  const titles = header.map((title, at) => `${title}, ${at < 3 ? '0' : '100'} %`);
  return table(['bytes per message'].concat(titles), rows);
}
