// Formats Markdown tables like the project's formatter.

/** A table whose columns are aligned. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((cell, at) => Math.max(3, cell.length, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** A number with at most three significant digits. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/**
 * Replaces the text between the two markers of a block, `<!-- name: … -->` and `<!-- end of name -->`.
 *
 * Throws if the page has no such block.
 */
export function replaceBlock(page: string, name: string, content: string): string {
  const begin = new RegExp(`<!-- ${name}: [^>]*-->\n`).exec(page);
  const end = page.indexOf(`<!-- end of ${name} -->`);
  if (begin === null || end < begin.index) throw new Error(`the page has no block "${name}"`);
  return `${page.slice(0, begin.index + begin[0].length)}\n${content}\n\n${page.slice(end)}`;
}
