import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// docs/architecture.md: imports point down only, and no published file imports a client.
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const top = ['kafkajs', 'amqplib', 'ioredis', 'http', 'pipelines'];
const below: Record<string, readonly string[]> = {
  '': ['propagation'],
  carriers: [],
  propagation: ['carriers'],
  messaging: ['carriers', 'propagation'],
  ...Object.fromEntries(top.map((name) => [name, ['carriers', 'propagation', 'messaging']])),
  sdk: ['carriers', 'propagation', 'messaging'],
};

interface Import {
  file: string;
  from: string;
  to: string;
}

/** The room of the house that a file is in; '' for those of src/ itself, which any room may use. */
function roomOf(file: string): string {
  const [first, second = ''] = relative(root, file).split('/');
  return first === 'carriers' ? 'carriers' : second.endsWith('.ts') ? '' : second;
}

function importsOf(folder: string): Import[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/test(-d)?\.ts$|testing\//.test(name))
    .flatMap((name) => {
      const file = join(root, folder, name);
      return [...readFileSync(file, 'utf8').matchAll(/\b(?:from |import |import\()'([^'\s]+)'/g)].map(
        ([, specifier = '']): Import => ({
          file: relative(root, file),
          from: roomOf(file),
          to: specifier.startsWith('.') ? roomOf(join(dirname(file), specifier)) : specifier,
        }),
      );
    });
}

const imports = [...importsOf('src'), ...importsOf('carriers')];
const inside = imports.filter(({ to }) => to in below);
const outside = imports.filter((each) => !inside.includes(each));

test('imports point down', () => {
  expect(inside.length).toBeGreaterThan(200);
  const up = inside.filter(
    ({ file, from, to }) => file !== 'src/index.ts' && to !== '' && from !== to && !below[from]?.includes(to),
  );
  expect(up).toEqual([]);
});

test('no published file imports a client, and mqtrace/sdk alone more of OpenTelemetry than its API', () => {
  expect(outside.length).toBeGreaterThan(50);
  const wrong = outside.filter(
    ({ from, to }) =>
      !to.startsWith('node:') && to !== '@opentelemetry/api' && !(from === 'sdk' && to.startsWith('@opentelemetry/')),
  );
  expect(wrong).toEqual([]);
});
