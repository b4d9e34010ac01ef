// Writes the ES module façade of a CommonJS module, which re-exports every name.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * Writes a façade and its declaration.
 *
 * Names are listed, because loaders differ in how they handle `export *` of a CommonJS module. Node.js and bundlers all handle
 * `export { … } from` in the same way, with and without the `__esModule` flag.
 *
 * @param {string} facade - path of the `.mjs` to write
 * @param {string} module - path of the built CommonJS module
 */
export function writeFacade(facade, module) {
  const names = Object.keys(require(module)).toSorted();
  const specifier = relative(dirname(facade), module);
  mkdirSync(dirname(facade), { recursive: true });
  writeFileSync(facade, `export { ${names.join(', ')} } from '${specifier}';\n`);
  writeFileSync(facade.replace(/\.mjs$/, '.d.mts'), `export * from '${specifier}';\n`);
}
