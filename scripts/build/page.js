// Bundles the page of `mqtrace view`.
import { buildSync } from 'esbuild';
import { dirname, join } from 'node:path';
import { writeLicences } from './licences.js';

/** Bundles the page into page.js and page.css, and writes the licenses of the packages that page.js contains. */
export function writePage(entry, folder) {
  const { metafile } = buildSync({
    entryPoints: [
      { in: entry, out: 'page' },
      { in: join(dirname(entry), 'page.css'), out: 'page' },
    ],
    outdir: folder,
    bundle: true,
    metafile: true,
    minify: true,
    format: 'esm',
    target: ['chrome111', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });
  writeLicences(folder, 'page.js', metafile);
}
