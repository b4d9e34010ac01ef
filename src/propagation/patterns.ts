// Matches keys against glob patterns.
import { invalidOption } from '../common/errors.ts';

/**
 * A test for any of several patterns, where `*` stands for any characters. Patterns are globs rather than regular expressions,
 * because keys in messages are untrusted: matching takes at most the product of the two lengths.
 *
 * @throws MqtraceError `INVALID_OPTION` if they are not an array of non-empty strings.
 * @internal
 */
export function compilePatterns(patterns: unknown, where: string): ((key: string) => boolean) | undefined {
  if (patterns === undefined) return undefined;
  if (!Array.isArray(patterns) || !patterns.every((pattern) => typeof pattern === 'string' && pattern !== '')) {
    throw invalidOption(where, patterns, 'an array of patterns, as ["tenant", "app.*"]');
  }
  const globs = (patterns as string[]).filter((pattern) => pattern.includes('*'));
  const exact = new Set((patterns as string[]).filter((pattern) => !pattern.includes('*')));
  return (key) => exact.has(key) || globs.some((glob) => matches(key, glob));
}

function matches(text: string, glob: string): boolean {
  let at = 0;
  let pattern = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (glob[pattern] === '*') {
      star = pattern++;
      resume = at;
    } else if (glob[pattern] === text[at]) {
      pattern++;
      at++;
    } else if (star >= 0) {
      // The last star matches one more character.
      pattern = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (glob[pattern] === '*') pattern++;
  return pattern === glob.length;
}
