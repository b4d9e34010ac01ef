import { expect, test } from 'vitest';
import { figure, replaceBlock, table } from './markdown.ts';

test('a table is aligned to its widest cells', () => {
  expect(table(['path', 'a'], [['send', '1.00'], ['eachMessage']])).toBe(
    ['| path        | a    |', '| ----------- | ---- |', '| send        | 1.00 |', '| eachMessage |      |'].join('\n'),
  );
});

test('numbers have at most three significant digits', () => {
  expect([0, 0.123, 1.5, 12.34, 123.4, 12_345.6, -0.126].map(figure)).toEqual([
    '0.00',
    '0.12',
    '1.50',
    '12.3',
    '123',
    '12,346',
    '-0.13',
  ]);
});

test('a block of a page is replaced, and the rest is unchanged', () => {
  const page = 'before\n\n<!-- paths: by a command -->\n\nold\n\n<!-- end of paths -->\n\nafter\n';
  const replaced = 'before\n\n<!-- paths: by a command -->\n\nnew\n\n<!-- end of paths -->\n\nafter\n';
  expect(replaceBlock(page, 'paths', 'new')).toBe(replaced);
  expect(replaceBlock(replaced, 'paths', 'new')).toBe(replaced);
  expect(() => replaceBlock(page, 'soak', 'new')).toThrow('the page has no block "soak"');
});
