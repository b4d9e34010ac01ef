// Bundles the sources: a file for each entry, and shared files for what several of them need. Loading a hundred small files takes
// longer than running what is in them.
import { buildSync, transformSync } from 'esbuild';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const target = 'node20.19';
/** Stands for `require` while esbuild splits ES modules, which have none, so that bundlers find the plain call in the end. */
const placeholder = 'requireOfCommonJS';
/**
 * Parts of Node.js that take milliseconds to load, and that only sending needs, or only some options: loaded where they are named in
 * the code. The sources name them where a sender is made, neither while they are loaded nor while messages flow.
 */
const late = ['http', 'https', 'http2', 'zlib', 'worker_threads'];

/**
 * Writes CommonJS: a file for each entry, at the path of its source, and in `shared` what is needed by more than one, each once.
 *
 * @param {string} root - folder of the sources
 * @param {string} folder - where files are written
 * @param {readonly string[]} entries - paths of the sources, from the root
 * @param {string} shared - folder of the shared files, from `folder`
 * @param {readonly string[]} [apart] - modules that are built by themselves, as the sources import them from that folder
 */
export function writeBundle(root, folder, entries, shared, apart = []) {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [...entries],
    outbase: '.',
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    external: [...apart],
    target,
    chunkNames: `${shared}/[name]-[hash]`,
    define: { require: placeholder },
    legalComments: 'none',
    write: false,
    logLevel: 'warning',
  });
  for (const { path, text } of outputFiles) {
    const code = commonJs(apart.reduce((all, path) => all.replaceAll(path, path.replace(/\.ts$/, '.js')), text));
    const names = [...code.matchAll(/^exports\.(\w+) = /gm)].map(([, name]) => name);
    mkdirSync(dirname(path), { recursive: true });
    if (basename(path) === 'index.js' && names.length > 0) {
      writeFileSync(join(dirname(path), whole), code);
      writeFileSync(path, reexport(names));
    } else writeFileSync(path, code);
  }
}

/** Where the code of an entry `index.js` is, beside it. */
const whole = 'bundle.js';

/** A short file for an entry: `import` of CommonJS searches the text of the whole file for the names of exports. */
function reexport(names) {
  const assignments = names.map((name) => `exports.${name} = bundle.${name};`);
  return `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const bundle = require("./${whole}");
${assignments.join('\n')}
`;
}

/** esbuild splits ES modules only, so that each of its files is compiled in a second step. */
function commonJs(text) {
  const { code } = transformSync(plainExports(plainImports(text)), {
    format: 'cjs',
    platform: 'node',
    target,
    supported: { 'dynamic-import': false },
  });
  return loadLate(code.replaceAll(`${placeholder}(`, 'require(')).replace(/^(#!.*\n)?/, '$1"use strict";\n');
}

/** Puts the `require` of a module in the place of each use of it. */
function loadLate(code) {
  let text = code;
  for (const name of late) {
    for (const [line, variable] of code.matchAll(new RegExp(`^var (\\w+) = require\\("node:${name}"\\);\n`, 'gm')))
      text = text.replace(line, '').replaceAll(new RegExp(`\\b${variable}\\.`, 'g'), `(require("node:${name}")).`);
  }
  return text;
}

/**
 * Makes constants of what is imported from other files of the bundle, which costs nothing where it is used. These files do not import
 * each other in a circle, and no source exports a variable that changes.
 */
function plainImports(text) {
  return text
    .replaceAll(/^import \{([^{}]*)\} from "(\.[^"]*)";$/gm, (_, names, path) => {
      return `const {${names.replaceAll(/(\S+) as (\S+)/g, '$1: $2')}} = ${placeholder}("${path}");`;
    })
    .replaceAll(/^import "(\.[^"]*)";$/gm, `${placeholder}("$1");`);
}

/** Exports as plain properties: loaders tell their names from the text, and reading them calls nothing. */
function plainExports(text) {
  return text.replaceAll(/^export \{([^{}]*)\};$/gm, (_, names) => {
    const assignments = names
      .split(',')
      .map((each) => each.trim())
      .filter(Boolean)
      .map((each) => {
        const [local, name = local] = each.split(' as ');
        return `exports.${name} = ${local};`;
      });
    return `Object.defineProperty(exports, "__esModule", { value: true });\n${assignments.join('\n')}`;
  });
}
