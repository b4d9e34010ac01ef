import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const blocks = [...read('./worked-examples.md').matchAll(/^```ts (\S+)\n(.*?)^```$/gms)];

test('the worked examples are the files that are run, all of them', () => {
  expect(blocks.map(([, name]) => `${name}.ts`).sort()).toEqual(
    readdirSync(new URL('./examples', import.meta.url)).sort(),
  );
  for (const [, name, code] of blocks) expect(code).toBe(read(`./examples/${name}.ts`));
});
