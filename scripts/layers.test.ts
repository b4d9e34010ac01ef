import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// Checks the rules of docs/architecture.md: imports only point down, and no published file imports a client.
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wrapper = ['common', 'carriers', 'propagation', 'messaging', 'metrics'];
/** For each module folder, the folders that it may import. A folder or an import that is not listed here fails the test. */
const below: Record<string, readonly string[]> = {
  common: [],
  carriers: ['common'],
  propagation: ['common', 'carriers'],
  metrics: ['common'],
  messaging: ['common', 'carriers', 'propagation', 'metrics'],
  kafkajs: wrapper,
  amqplib: wrapper,
  ioredis: wrapper,
  http: wrapper,
  fastify: [...wrapper, 'http'],
  koa: [...wrapper, 'http'],
  hono: [...wrapper, 'http'],
  bullmq: wrapper,
  nestjs: wrapper,
  'amqp-connection-manager': [...wrapper, 'amqplib'],
  rascal: [...wrapper, 'amqplib'],
  'rabbitmq-client': [...wrapper, 'amqplib'],
  pipelines: wrapper,
  diagnostics: wrapper,
  config: ['common'],
  sampling: ['common', 'config'],
  export: ['common', 'config', 'metrics'],
  sdk: ['common', 'config', 'propagation', 'sampling', 'export', 'metrics'],
  register: [
    ...wrapper,
    'kafkajs',
    'amqplib',
    'amqp-connection-manager',
    'rascal',
    'rabbitmq-client',
    'ioredis',
    'bullmq',
    'config',
    'sdk',
  ],
  view: ['common'],
  cli: ['common', 'config', 'diagnostics', 'view'],
  // src/index.ts exports the public API that needs no package but OpenTelemetry's API.
  index: ['common', 'carriers', 'propagation', 'messaging', 'pipelines', 'diagnostics'],
};

interface Import {
  file: string;
  from: string;
  to: string;
  /** Whether only types are imported, which the compiled file does not contain. */
  type: boolean;
}

/** The module folder of a file; for a file directly in src/ its own name. */
function folderOf(file: string): string {
  const [first = '', second = ''] = relative(root, file).split('/');
  return first === 'src' ? second.replace(/\.ts$/, '') : first;
}

function importsOf(folder: string): Import[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/test(-d)?\.ts$|testing\//.test(name))
    .flatMap((name) => {
      const file = join(root, folder, name);
      const pattern = /(import type |export type )?(?:\* as \w+ |\{[^{}]*\} )?\b(?:from |import |import\()'([^'\s]+)'/g;
      return [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, type, specifier = '']): Import => ({
        file: relative(root, file),
        from: folderOf(file),
        type: type !== undefined,
        to: specifier.startsWith('.') ? folderOf(join(dirname(file), specifier)) : specifier,
      }));
    });
}

const imports = [...importsOf('src'), ...importsOf('carriers')];
const inside = imports.filter(({ to }) => to in below);
const outside = imports.filter((each) => !inside.includes(each));

test('every file is in a listed folder, and only index.ts is directly in src/', () => {
  const entries = readdirSync(join(root, 'src'), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect([...folders, 'carriers', 'index'].toSorted()).toEqual(Object.keys(below).toSorted());
  expect(entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)).toEqual(['index.ts']);
});

test('imports point down, to listed folders only', () => {
  expect(inside.length).toBeGreaterThan(200);
  expect(inside.filter(({ from, to }) => from !== to && !below[from]?.includes(to))).toEqual([]);
});

test('no published file imports a client, and only the folders of mqtrace/sdk import more of OpenTelemetry than its API, and only types', () => {
  expect(outside.length).toBeGreaterThan(50);
  const wrong = outside.filter(
    ({ file, from, to, type }) =>
      !to.startsWith('node:') &&
      to !== '@opentelemetry/api' &&
      // The build bundles the SDK of MCP into this file, which only "mqtrace mcp" loads.
      !(file === 'src/cli/mcp/server.ts' && (to === 'zod' || to.startsWith('@modelcontextprotocol/server'))) &&
      // Values are loaded on demand by config/optional-package.ts, so that mqtrace/sdk loads without them.
      !(type && ['config', 'sampling', 'export', 'sdk'].includes(from) && to.startsWith('@opentelemetry/')),
  );
  expect(wrong).toEqual([]);
});

test('the consumer-group loop of ioredis is independent of tracing: it imports only common and the types of ioredis', () => {
  const files = [...imports].filter(({ file }) => file.startsWith('src/ioredis/consumer/')).map(({ file }) => file);
  expect(files.length).toBeGreaterThan(5);
  const allowed = /^(?:\.\/|\.\.\/\.\.\/common\/|\.\.\/(?:error-type|replies|types)\.ts$|node:)/;
  const wrong = files
    .flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(/from '([^']+)'/g)])
    .map(([, specifier = '']) => specifier)
    // diag is allowed: it reports failures for which the application gave no handler.
    .filter((specifier) => !allowed.test(specifier) && specifier !== '@opentelemetry/api');
  expect(wrong).toEqual([]);
  expect(
    files.filter((file) => /\{ (?!diag \})[^}]*\} from '@opentelemetry/.test(readFileSync(join(root, file), 'utf8'))),
  ).toEqual([]);
});
