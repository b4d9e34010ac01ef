import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
interface Target {
  import: { types: string; default: string };
  default: { types: string; default: string };
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, Target | string>;
  main: string;
  types: string;
  typesVersions: { '*': Record<string, readonly string[]> };
};
const subpaths = Object.keys(manifest.exports).map((subpath) => subpath.replace(/^\./, 'mqtrace'));
const code = subpaths.filter((subpath) => !subpath.endsWith('.json'));

let folder: string;

/** A project that has the package's tarball and only the named packages installed. */
function project(name: string, dependencies: readonly string[]): string {
  const modules = join(folder, name, 'node_modules');
  cpSync(join(folder, 'package'), join(modules, 'mqtrace'), { recursive: true });
  for (const dependency of dependencies) {
    mkdirSync(dirname(join(modules, dependency)), { recursive: true });
    symlinkSync(join(root, 'node_modules', dependency), join(modules, dependency));
  }
  return join(folder, name);
}

const run = (cwd: string, type: 'module' | 'commonjs', source: string): string =>
  execFileSync(process.execPath, [`--input-type=${type}`, '--eval', source], { cwd, encoding: 'utf8' });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mqtrace-package-'));
  // Not built here: other tests may be running programs from dist, and a build empties it first.
  if (!existsSync(join(root, 'dist')))
    throw new Error('there is no dist: run "npm run build" first, as "npm test" does');
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz'))!;
  execFileSync('tar', ['-xzf', tarball], { cwd: folder });
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed tarball', () => {
  test('contains only the published files', () => {
    const files = execFileSync('find', ['package', '-type', 'f'], { cwd: folder, encoding: 'utf8' }).split('\n');
    expect(files.filter((file) => /test|\.tsbuildinfo|testing/.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/CHANGELOG.md']));
  });

  test('is under 1.25 MB unpacked, with the viewer and the documentation under 2 MB, and has no source maps', () => {
    const files = readdirSync(join(folder, 'package'), { recursive: true, encoding: 'utf8' });
    const bytes = (some: readonly string[]): number =>
      some
        .map((file) => statSync(join(folder, 'package', file)))
        .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
    // No other module loads the viewer and the commands; they have a separate size limit.
    expect(bytes(files.filter((file) => !/^(?:dist\/src\/(?:view|cli)|docs)\//.test(file)))).toBeLessThan(1_250_000);
    expect(bytes(files)).toBeLessThan(2_000_000);
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([]);
  });

  test('starts the viewer with its page without other packages', async () => {
    const cwd = project('view-only', []);
    const main = join(cwd, 'node_modules/mqtrace/dist/src/cli/main.js');
    const child = spawn(process.execPath, [
      main,
      'view',
      '--no-open',
      '--port',
      '0',
      '--otlp-port',
      '0',
      '--grpc-port',
      '0',
    ]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const url = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += String(chunk);
        const found = /mqtrace view: (\S+)/.exec(said);
        if (found !== null) resolve(found[1]!);
      });
      child.stderr.on('data', (chunk) => reject(new Error(String(chunk))));
      child.once('exit', (code) => reject(new Error(`ended with code ${code}`)));
    });
    expect(await (await fetch(url)).text()).toContain('/page.js');
    const script = await (await fetch(`${url}/page.js`)).arrayBuffer();
    const style = await (await fetch(`${url}/page.css`)).arrayBuffer();
    expect(gzipSync(script).length + gzipSync(style).length).toBeLessThan(150_000);
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });

  test('has a declaration for each subpath also for tools that do not read exports', () => {
    const untyped = Object.entries(manifest.exports).filter(
      ([subpath, target]) =>
        subpath !== '.' &&
        typeof target === 'object' &&
        manifest.typesVersions['*'][subpath.slice(2)]?.[0] !== target.default.types,
    );
    expect(untyped).toEqual([]);
    expect(manifest.types).toBe((manifest.exports['.'] as Target).default.types);
    expect(manifest.main).toBe((manifest.exports['.'] as Target).default.default);
  });

  test('no declaration imports a client', () => {
    const declarations = readdirSync(join(folder, 'package'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.d.ts'))
      .map((file) => readFileSync(join(folder, 'package', file), 'utf8'));
    expect(declarations.length).toBeGreaterThan(10);
    expect(declarations.filter((text) => /from ['"](kafkajs|amqplib|ioredis)/.test(text))).toEqual([]);
  });

  test.each(code)('%s exports the same values when imported and when required', (subpath) => {
    const cwd = project(subpath.replaceAll('/', '-'), ['@opentelemetry']);
    const imported = run(cwd, 'module', `console.log(Object.keys(await import('${subpath}')).sort().join())`);
    const required = run(cwd, 'commonjs', `console.log(Object.keys(require('${subpath}')).sort().join())`);
    expect(imported.trim()).not.toBe('');
    expect(required).toBe(imported);
  });

  test.each(code)('%s reads few files, and no part of Node.js that only sending needs', (subpath) => {
    const cwd = project(`files-${subpath.replaceAll('/', '-')}`, ['@opentelemetry']);
    const program = `
      // What mqtrace/register loads until it starts tracing.
      process.env.MQTRACE_SDK = 'off';
      const Module = require('node:module');
      const load = Module._load;
      const loaded = [];
      Module._load = (request, ...rest) => (loaded.push(request), load(request, ...rest));
      require('${subpath}');
      const files = Object.keys(require.cache).filter((file) => file.includes('/mqtrace/dist/'));
      const late = loaded.filter((request) => /^node:(https?|http2|zlib|worker_threads)$/.test(request));
      console.log(JSON.stringify({ files: files.length, late }));`;
    const { files, late } = JSON.parse(run(cwd, 'commonjs', program)) as { files: number; late: string[] };
    // These two load the wrappers of all clients.
    const all = subpath === 'mqtrace/register' || subpath === 'mqtrace/instrumentation';
    expect(files).toBeLessThanOrEqual(all ? 25 : 16);
    expect(late).toEqual([]);
  });

  test.each(code)('%s is one instance for import and require', (subpath) => {
    const cwd = project(`one-${subpath.replaceAll('/', '-')}`, ['@opentelemetry']);
    const program = `
      import { createRequire } from 'node:module';
      const required = createRequire('${cwd}/program.js')('${subpath}');
      const imported = await import('${subpath}');
      console.log(Object.keys(imported).filter((name) => imported[name] !== required[name]).join());`;
    expect(run(cwd, 'module', program)).toBe('\n');
  });

  test('all subpaths except mqtrace/sdk need only the OpenTelemetry API', () => {
    const cwd = project('api-only', ['@opentelemetry/api']);
    const withoutSdk = code.filter((subpath) => subpath !== 'mqtrace/sdk');
    const imports = withoutSdk.map((subpath) => `await import('${subpath}')`).join('; ');
    expect(run(cwd, 'module', `${imports}; console.log('ok')`)).toBe('ok\n');
  });
});
