// Writes the report of the public API: everything in the published declarations, for review.
import type { PublishedApi } from './published-api.js';

/** The text of etc/mqtrace.api.md. */
export function apiReport({ subpaths, unnamed }: PublishedApi): string {
  const block = (lines: readonly string[]): string[] => ['```ts', ...lines, '```', ''];
  const parts = subpaths.flatMap(({ subpath, exports }) => {
    const own = exports.filter(({ sameAs }) => sameAs === undefined);
    const others = exports.filter(({ sameAs }) => sameAs !== undefined);
    return [
      `## ${subpath}`,
      '',
      ...block(own.map(({ text }) => text)),
      ...others.map(({ name, sameAs }) => `- \`${name}\`: see ${sameAs}`),
      ...(others.length > 0 ? [''] : []),
    ];
  });
  return [
    '# Public API',
    '',
    'Generated from the published declarations by `npm run api:report`, and compared in `npm test`. Review its changes; do not edit it.',
    '',
    ...parts,
    '## Types that the above mention and no subpath exports',
    '',
    ...block(unnamed.map(({ text }) => text)),
  ].join('\n');
}
