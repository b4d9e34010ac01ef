// Markdown tables, as the project's formatter writes them.

/** A table whose columns are aligned. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((cell, at) => Math.max(3, cell.length, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** A number with as many digits as it deserves: three, and none that no measurement has. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/**
 * Replaces what stands between the two marks of a block, `<!-- name: … -->` and `<!-- end of name -->`.
 *
 * Throws if the page has no such block.
 */
export function replaceBlock(page: string, name: string, content: string): string {
  const begin = new RegExp(`<!-- ${name}: [^>]*-->\n`).exec(page);
  const end = page.indexOf(`<!-- end of ${name} -->`);
  if (begin === null || end < begin.index) throw new Error(`the page has no block "${name}"`);
  return `${page.slice(0, begin.index + begin[0].length)}\n${content}\n\n${page.slice(end)}`;
}
