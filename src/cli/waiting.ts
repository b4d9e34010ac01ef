// Shows what a command is doing if that takes longer than a second.
import type { Output } from './command.ts';

const quietMs = 1000;

/**
 * Runs a part of a command. If it takes longer than a second, a line shows what is being done and, if known, the progress; the line is
 * cleared at the end.
 *
 * @param work - receives a function to which it may report the progress: a share from 0 to 1, or a line to show instead.
 */
export async function waiting<T>(
  output: Output,
  what: string,
  work: (tell: (progress: number | string) => void) => Promise<T>,
): Promise<T> {
  let shown: string | undefined;
  const begun = performance.now();
  const show = (progress: number | string): void => {
    const line = typeof progress === 'string' ? progress : `${what}: ${Math.round(progress * 100)} %`;
    if (line === shown) return;
    shown = line;
    output.progress(line);
  };
  const timer = setTimeout(show, quietMs, `${what} ...`);
  try {
    return await work((progress) => {
      // The timer does not fire while the work keeps the process busy.
      if (performance.now() - begun >= quietMs) show(progress);
    });
  } finally {
    clearTimeout(timer);
    if (shown !== undefined) output.progress('');
  }
}
