// Loads the files of the page.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of the page, in memory. */
export interface PageFile {
  type: string;
  body: Buffer;
}

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>mqtrace</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
</head>
<body>
<div id="page"></div>
<noscript>This page needs JavaScript. The same answers are on the command line: mqtrace map, mqtrace journey, mqtrace health.</noscript>
<script type="module" src="/page.js"></script>
</body>
</html>
`;

/**
 * Loads the files of the page.
 *
 * @param folder - the directory of the build; undefined for a server without a page.
 */
export function pageFiles(folder: string | undefined): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  if (folder === undefined) return files;
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  files.set('/', { type: 'text/html; charset=utf-8', body: Buffer.from(html) });
  files.set('/page.js', { type: 'text/javascript; charset=utf-8', body: read('page.js') });
  files.set('/page.css', { type: 'text/css; charset=utf-8', body: read('page.css') });
  return files;
}
