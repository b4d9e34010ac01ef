// Formats text for a terminal. The content of spans is untrusted, and must not control the terminal.

/** Replaces characters that control a terminal: control characters, escapes, and marks that change the text direction. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters to replace
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/g, '\uFFFD');
}

/** Truncates or pads a text to a width. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const shown = Array.from(printable(text));
  if (shown.length > width)
    return width <= 1 ? shown.slice(0, width).join('') : `${shown.slice(0, width - 1).join('')}…`;
  const gap = ' '.repeat(width - shown.length);
  return align === 'left' ? shown.join('') + gap : gap + shown.join('');
}

const steps = ' ▁▂▃▄▅▆▇█';

/** Draws a histogram in one line. */
export function sparkline(columns: readonly number[], width: number): string {
  const per = columns.length / width;
  const sums = Array.from({ length: width }, (_, at) =>
    columns.slice(Math.floor(at * per), Math.floor((at + 1) * per)).reduce((sum, count) => sum + count, 0),
  );
  const most = Math.max(...sums, 1e-9);
  return sums.map((sum) => (sum === 0 ? '·' : steps[Math.max(1, Math.round((sum / most) * 8))])).join('');
}

/** Breaks a text into lines at spaces. */
export function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(indent + line);
  return lines;
}
