// Lists the packages that were compiled into a file, with their licences.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const packageFolder = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/**
 * Writes LICENSES.txt beside a bundle.
 *
 * @param {string} folder - where the bundle is
 * @param {string} file - its name
 * @param {import('esbuild').Metafile} metafile - esbuild's description of the bundle
 */
export function writeLicences(folder, file, metafile) {
  const folders = new Map();
  for (const { inputs } of Object.values(metafile.outputs))
    for (const input of Object.keys(inputs)) {
      const [, path, name] = packageFolder.exec(input) ?? [];
      if (path !== undefined) folders.set(name, path);
    }
  const texts = [...folders.keys()]
    .toSorted((a, b) => a.localeCompare(b))
    .map((name) => {
      const path = folders.get(name);
      const { version, license, homepage } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
      const found = readdirSync(path).find((each) => /^licen[cs]e(\.|$)/i.test(each));
      if (found === undefined) throw new Error(`${name} is compiled into ${file} and has no licence file in ${path}`);
      const text = readFileSync(join(path, found), 'utf8').trim();
      return `${file} contains ${name} ${version} (${license}, ${homepage}).\n\n${text}\n`;
    });
  writeFileSync(join(folder, 'LICENSES.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`));
}
