// Writes the README's table of supported versions from the results of the lanes.

/** For each row of the table, its versions and whether their lane succeeded. */
export type Results = Record<string, Record<string, boolean>>;

const start = '<!-- supported versions: written by "npm run test:lanes" -->';
const end = '<!-- end of supported versions -->';

/** The README with the table of these results between its markers. */
export function withTable(readme: string, results: Results): string {
  const from = readme.indexOf(start);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no marks for the table: "${start}" and "${end}"`);
  return `${readme.slice(0, from + start.length)}\n\n${table(results)}\n\n${readme.slice(to)}`;
}

function table(results: Results): string {
  const rows = Object.entries(results).map(([row, versions]) => [
    row,
    Object.keys(versions)
      .filter((version) => versions[version])
      .join(', '),
  ]);
  const all = [['', 'tested with'], ...rows];
  const width = [0, 1].map((column) => Math.max(...all.map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(width[column]!)).join(' | ')} |`;
  const [head, ...body] = all.map(line);
  return [head, `| ${width.map((length) => '-'.repeat(length)).join(' | ')} |`, ...body].join('\n');
}
