import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkPackages } from './check-packages.ts';
import { packageManagerOf } from './package-manager.ts';

const folder = mkdtempSync(join(tmpdir(), 'mqtrace-manager-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A project with these files. */
function project(files: Record<string, string>): string {
  const path = mkdtempSync(join(folder, 'project-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

test.each<[string, Record<string, string>, string[]]>([
  ['npm, without a lockfile', {}, ['npm install x y', 'npm dedupe && npm ls x', 'npm ls x']],
  ['npm', { 'package-lock.json': '' }, ['npm install x y', 'npm dedupe && npm ls x', 'npm ls x']],
  ['pnpm', { 'pnpm-lock.yaml': '' }, ['pnpm add x y', 'pnpm dedupe && pnpm why x', 'pnpm why x']],
  [
    'pnpm in the root of a workspace',
    { 'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': '' },
    ['pnpm add -w x y', 'pnpm dedupe && pnpm why x', 'pnpm why x'],
  ],
  ['yarn', { 'yarn.lock': '' }, ['yarn add x y', 'yarn dedupe && yarn why x', 'yarn why x']],
  ['bun', { 'bun.lock': '' }, ['bun add x y', 'bun update && bun why x', 'bun why x']],
  [
    'the one that package.json names, beside an old lockfile',
    { 'package-lock.json': '', 'package.json': '{"packageManager":"yarn@4.1.0"}' },
    ['yarn add x y', 'yarn dedupe && yarn why x', 'yarn why x'],
  ],
  [
    'npm beside a broken package.json',
    { 'package.json': '{' },
    ['npm install x y', 'npm dedupe && npm ls x', 'npm ls x'],
  ],
])('commands of %s', (_, files, expected) => {
  const manager = packageManagerOf(project(files));
  expect([manager.add('x', 'y'), manager.dedupe('x'), manager.why('x')]).toEqual(expected);
});

test('a member of a workspace uses the package manager of the workspace', () => {
  const root = project({ 'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': '', 'packages/app/package.json': '{}' });
  expect(packageManagerOf(join(root, 'packages/app')).add('x')).toBe('pnpm add x');
});

test.each([
  ['2.12.0', '@opentelemetry/api@~1.9'],
  ['3.1.1', '@opentelemetry/api@~1.10'],
])('for version %s of the SDK, %s is to be installed', (version, api) => {
  const name = '@opentelemetry/sdk-trace';
  const path = project({ [`node_modules/${name}/package.json`]: JSON.stringify({ name, version }) });
  expect(checkPackages(path)).toMatchObject([{ check: 'api-missing', mend: `npm install ${api}` }]);
});
