// Builds dist/: one CommonJS build, bundled into few files, declarations, and for `import` a façade for each subpath that re-exports
// the names of the CommonJS module. So `require`, `import` and Jest share one instance of every class, counter and wrapped client.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBundle } from './build/bundle.js';
import { writeDeclarations } from './build/declarations.js';
import { bundleServer } from './build/bundled-server.js';
import { writePage } from './build/page.js';
import { writeFacade } from './build/facade.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const compile = (project, ...options) =>
  execFileSync(process.execPath, [tsc, '-p', project, ...options], { cwd: root, stdio: 'inherit' });

// Files that were deleted from the sources must not be published.
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
const sideEffects = manifest.sideEffects.map((path) => path.replace('./dist/', './'));
writeFileSync(
  join(dist, 'package.json'),
  `${JSON.stringify({ type: 'commonjs', sideEffects })}
`,
);

// Façades are written from what modules export; loading mqtrace/register would start tracing.
process.env['MQTRACE_SDK'] = 'off';
const entries = Object.values(manifest.exports).filter((target) => typeof target === 'object');
const sourceOf = (module) => module.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts');
writeBundle(
  root,
  dist,
  entries.map(({ default: module }) => sourceOf(module.default)),
  'shared',
);
// Bundled separately, so that the viewer and the commands do not split the files that applications load.
writeBundle(root, dist, Object.values(manifest.bin).map(sourceOf), 'src/cli', ['./mcp/server.ts'], true);
for (const { import: facade, default: module } of entries)
  writeFacade(join(root, facade.default), join(root, module.default));

writePage(join(root, 'src/view/page/main.tsx'), join(dist, 'src/view/page'));
bundleServer(join(root, 'src/cli/mcp/server.ts'), join(dist, 'src/cli/mcp'));

const declarations = join(root, '.cache', 'declarations');
rmSync(declarations, { recursive: true, force: true });
compile('tsconfig.declarations.json', '--outDir', declarations);
writeDeclarations({
  from: declarations,
  to: dist,
  entries: entries.map(({ default: module }) => join(root, module.types)),
});
