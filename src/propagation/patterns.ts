// Matches keys against glob patterns.
import { invalidOption } from '../common/errors.ts';
import { matchesGlob } from '../common/glob.ts';

/**
 * A test for any of several patterns, where `*` matches any characters. Patterns are globs instead of regular expressions, because
 * keys in messages are untrusted.
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
  return (key) => exact.has(key) || globs.some((glob) => matchesGlob(glob, key));
}
