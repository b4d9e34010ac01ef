import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const pages = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.md'));
/** Lists, explanations and measurements; all other pages are about a task. */
const background = new Set([
  'README.md',
  'architecture.md',
  'compared.md',
  'faq.md',
  'performance.md',
  'worked-examples.md',
]);
const withoutCode = (text: string): string => text.replaceAll(/^```.*?^```$/gms, '');

test.each(pages.filter((name) => !background.has(name)))(
  'docs/%s says what, shows one example, lists options, and ends with pitfalls',
  (name) => {
    const page = read(name);
    const headings = [...withoutCode(page).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect([headings[0], headings.at(-1)]).toEqual(['Options', 'Pitfalls']);
    const [start = ''] = page.split('\n## Options\n');
    expect(start).toMatch(/^# .+\n\n\S/);
    // Beside a program, a command is what installs it; alone it is the example.
    const examples = [...start.matchAll(/^```(\w+)$/gm)].map(([, language]) => language);
    expect(examples.length > 1 ? examples.filter((language) => language !== 'sh') : examples).toHaveLength(1);
  },
);

test('links between pages lead to pages and headings that exist', () => {
  const anchors = (path: string): string[] =>
    [...withoutCode(read(path)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
  const broken = ['../README.md', ...pages].flatMap((page) => {
    const folder = page.startsWith('../') ? '../' : './';
    return [...withoutCode(read(page)).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
      .filter(([, path = '', anchor]) => {
        const target = path === '' ? page : folder + path;
        if (!existsSync(new URL(target, import.meta.url))) return true;
        return anchor !== undefined && target.endsWith('.md') && !anchors(target).includes(anchor);
      })
      .map(([link]) => `${page}: ${link}`);
  });
  expect(broken).toEqual([]);
});
