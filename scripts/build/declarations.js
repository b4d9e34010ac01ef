// Copies the declarations that the published subpaths reach, without those of internal modules.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const specifiers = /(\bfrom |\bimport\(|\bimport )'(\.[^']*)\.ts'/g;

/**
 * @param {object} options
 * @param {string} options.from - folder into which the compiler wrote all declarations
 * @param {string} options.to - folder of the build
 * @param {readonly string[]} options.entries - declarations of the subpaths, by their paths in `to`
 */
export function writeDeclarations({ from, to, entries }) {
  const seen = new Set();
  const waiting = entries.map((entry) => relative(to, entry));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(join(from, file), 'utf8');
    for (const [, , specifier] of text.matchAll(specifiers)) waiting.push(join(dirname(file), `${specifier}.d.ts`));
    mkdirSync(dirname(join(to, file)), { recursive: true });
    // The compiler keeps `.ts` in import paths of declarations, which only TypeScript 5 and later can resolve.
    writeFileSync(join(to, file), text.replaceAll(specifiers, "$1'$2.js'"));
  }
}
