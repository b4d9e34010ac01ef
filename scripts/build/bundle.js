// Bundles the sources: a file for each entry, and shared files for code of several entries. Loading a hundred small
// files takes longer than running their code.
import { buildSync, transformSync } from 'esbuild';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const target = 'node20.19';
/**
 * Replaces `require` while esbuild splits ES modules, which have none, so that the output contains plain calls that
 * bundlers find.
 */
const placeholder = 'requireOfCommonJS';
/** Replaces `import()` of a path that is computed: an ES module that is no part of this package cannot be required everywhere. */
const importPlaceholder = 'importOfEsModule';
/**
 * Parts of Node.js that take milliseconds to load, and that only exporting or some options need: they are loaded
 * where the code uses their name. The sources use it where a sender is created, neither at load time nor for each
 * message.
 */
const late = ['http', 'https', 'http2', 'zlib', 'worker_threads'];

/**
 * Writes CommonJS: a file for each entry, at the path of its source, and in `shared` the code that several entries
 * need.
 *
 * @param {string} root - folder of the sources
 * @param {string} folder - where files are written
 * @param {readonly string[]} entries - paths of the sources, from the root
 * @param {string} shared - folder of the shared files, from `folder`
 * @param {readonly string[]} [apart] - modules that are built separately, as the sources import them from that folder
 * @param {boolean} [compact] - whether to write long lines without indentation, which take a quarter less space
 */
export function writeBundle(root, folder, entries, shared, apart = [], compact = false) {
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
  // A shared file whose sources only re-export is empty: it is not written, because each file takes time to load.
  const empty = outputFiles.filter(({ text }) => text.trim() === '').map(({ path }) => basename(path));
  for (const { path, text: all } of outputFiles) {
    if (empty.includes(basename(path))) continue;
    const text = withoutImports(all, empty);
    const readable = commonJs(apart.reduce((all, path) => all.replaceAll(path, path.replace(/\.ts$/, '.js')), text));
    const code = compact ? withoutIndentation(readable) : indentedByOne(readable);
    const names = [...code.matchAll(/^exports\.(\w+) = /gm)].map(([, name]) => name);
    mkdirSync(dirname(path), { recursive: true });
    if (basename(path) === 'index.js' && names.length > 0) {
      writeFileSync(join(dirname(path), whole), code);
      writeFileSync(path, reexport(names));
    } else writeFileSync(path, code);
  }
}

/** Lines stay short enough to find the place of an error. */
function withoutIndentation(code) {
  return transformSync(code, { minifyWhitespace: true, lineLimit: 160, legalComments: 'none', target }).code;
}

/**
 * Indents by one space a level instead of esbuild's two, and leaves out the comments of class members, the only ones that
 * esbuild keeps. This saves 75 kB: readable still, because stack traces of applications point into these files. Left as
 * given if that would change a text of several lines.
 */
function indentedByOne(code) {
  const indented = code
    .replaceAll(/^ *\/\*\*(?:[^*]|\*(?!\/))*\*\/\n/gm, '')
    .replaceAll(/^ *\/\/ .*\n/gm, '')
    .replaceAll(/^(?: {2})+/gm, (spaces) => ' '.repeat(spaces.length / 2));
  return withoutIndentation(indented) === withoutIndentation(code) ? indented : code;
}

/** Removes the imports of files that are not written. */
function withoutImports(text, names) {
  return text.replaceAll(/^import "(\.[^"]*)";\n/gm, (line, path) => (names.includes(basename(path)) ? '' : line));
}

/** The name of the file with the code of an entry `index.js`, beside it. */
const whole = 'bundle.js';

/**
 * A short file for an entry, because `import` of CommonJS searches the text of the whole file for the names of
 * exports.
 */
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
  const computed = text.replaceAll(/\bimport\((?!["'])/g, `${importPlaceholder}(`);
  const { code } = transformSync(plainExports(plainImports(computed)), {
    format: 'cjs',
    platform: 'node',
    target,
    supported: { 'dynamic-import': false },
  });
  return loadLate(
    code.replaceAll(`${placeholder}(`, 'require(').replaceAll(`${importPlaceholder}(`, 'import('),
  ).replace(/^(#!.*\n)?/, '$1"use strict";\n');
}

/** Replaces each use of a module by its `require`. */
function loadLate(code) {
  let text = code;
  for (const name of late) {
    for (const [line, variable] of code.matchAll(new RegExp(`^var (\\w+) = require\\("node:${name}"\\);\n`, 'gm')))
      text = text.replace(line, '').replaceAll(new RegExp(`\\b${variable}\\.`, 'g'), `(require("node:${name}")).`);
  }
  return text;
}

/**
 * Stores the imports from other files of the bundle, and from OpenTelemetry's API, in constants. The API's exports are
 * getters, and a message would call some twenty of them: a sixth of its cost. This is safe because these files have no
 * circular imports, and neither they nor the API export a variable that changes.
 */
function plainImports(text) {
  const ofApi = [];
  const constants = (names, path) =>
    `const {${names.replaceAll(/(\S+) as (\S+)/g, '$1: $2')}} = ${placeholder}("${path}");`;
  const plain = text
    .replaceAll(/^import \{([^{}]*)\} from "@opentelemetry\/api";\n/gm, (_, names) => {
      ofApi.push(names);
      return '';
    })
    .replaceAll(/^import \{([^{}]*)\} from "(\.[^"]*)";$/gm, (_, names, path) => constants(names, path))
    .replaceAll(/^import "(\.[^"]*)";$/gm, `${placeholder}("$1");`);
  return ofApi.length === 0 ? plain : withLine(plain, constants(ofApi.join(','), '@opentelemetry/api'));
}

/** Adds a line in front of the code, but after the line that names the interpreter of a command. */
function withLine(text, line) {
  return text.replace(/^(#!.*\n)?/, (interpreter) => `${interpreter}${line}\n`);
}

/** Exports as plain properties: loaders find their names in the text, and reading them calls no getter. */
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
