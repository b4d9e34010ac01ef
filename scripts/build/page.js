// Bundles the page of `mqtrace view`.
import { buildSync } from 'esbuild';
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Bundles the page into page.js and page.css, and writes the licenses of the packages that page.js contains. */
export function writePage(entry, folder) {
  buildSync({
    entryPoints: [
      { in: entry, out: 'page' },
      { in: join(dirname(entry), 'page.css'), out: 'page' },
    ],
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome111', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const preact = dirname(createRequire(import.meta.url).resolve('preact/package.json'));
  const { version } = JSON.parse(readFileSync(join(preact, 'package.json'), 'utf8'));
  const licence = readFileSync(join(preact, 'LICENSE'), 'utf8');
  writeFileSync(
    join(folder, 'LICENSES.txt'),
    `page.js contains preact ${version} (https://preactjs.com).\n\n${licence}`,
  );
}
